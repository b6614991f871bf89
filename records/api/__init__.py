"""`/api/v1/` for other systems: months with their counts, reporting periods and the catalogue."""
