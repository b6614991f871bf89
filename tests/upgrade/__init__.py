"""Databases as released versions left them, and what those versions answered from them (README.md)."""
