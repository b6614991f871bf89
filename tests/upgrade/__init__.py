"""Databases of released versions, and what those versions answered from them (README.md)."""
