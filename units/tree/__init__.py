"""The dated tree of units: look-ups, rules, and the roster of who reports."""
