"""`/api/v1/` for other systems: reporting periods, the catalogue, and submissions with their counts."""
