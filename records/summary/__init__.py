"""The computed figures of a unit and period with their completeness, for pages, exports, API and reviews."""
