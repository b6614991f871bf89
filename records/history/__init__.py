"""Who changed what in a month, read from the log."""
