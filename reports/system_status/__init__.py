"""The status of the system for its administrators."""
