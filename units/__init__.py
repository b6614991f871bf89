"""The dated tree of reporting units: succession, lifecycle, people and their rights, tokens and push.

Imports nothing from figures, records or reports.
"""
