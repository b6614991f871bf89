"""Memory: the append-only log of who did what, request keys, jobs, outbox, backup.

Knows none of the other apps.
"""
