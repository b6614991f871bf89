"""What every address of `/api/v1/` shares, and the address of units."""
