"""Comparison with the same period last year: which units can be compared, and their figures in both periods."""
