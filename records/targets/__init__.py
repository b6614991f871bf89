"""Targets of rates that a unit sets for a reporting year."""
