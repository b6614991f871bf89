"""Checking a file or a printed code against the frozen reviews, by anyone."""
