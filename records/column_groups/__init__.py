"""Groups of columns that a committee switches on or off for its units."""
