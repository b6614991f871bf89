"""Helpers for any Django project: prepared SQL, text, dates, locks, network."""
