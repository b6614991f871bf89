"""A review as one piece of plain data: what is shown, frozen, attached to its PDF and verified."""
