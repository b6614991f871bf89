"""Reviews frozen by released versions, kept as they were stored: a folder for each version (README.md)."""
