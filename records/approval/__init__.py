"""Approving and returning sent months."""
