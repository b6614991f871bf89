"""The difference between two frozen reviews."""
