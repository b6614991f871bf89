"""Derived sums of editions and groups: the only code that writes them, and the recount that checks them."""
