"""Closing times that lock months, and unlocking by two people."""
