"""A unit opens, closes, merges, splits; and each of these is taken back."""
