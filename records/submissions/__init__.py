"""A unit's month: its editions and rows, their checks and locks, and how numbers are saved and sent."""
