"""People and their roles in units, as administrators manage them."""
