"""Which fields and procedures a unit reports in a month, and through which channels."""
