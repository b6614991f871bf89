"""The home page: what the signed-in person has to do next, and how the units below stand."""
