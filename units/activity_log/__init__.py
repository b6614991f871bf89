"""The log of a unit, user or token in words."""
