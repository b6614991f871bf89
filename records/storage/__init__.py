"""How counts are written to the database and read back as tallies, in plain SQL where it is hot."""
