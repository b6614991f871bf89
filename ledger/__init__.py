"""The append-only log, idempotency keys, background jobs, the outbox, backup and restore.

Imports no other app.
"""
