"""Approved figures pushed to higher systems."""
