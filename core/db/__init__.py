"""Helpers for SQL: prepared queries, conditions, snapshots, ANALYZE."""
