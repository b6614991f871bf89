"""One password at a time for a name at an address, across threads, workers and hosts (acceptance S8).

django-axes counts failures after the check: forty requests at once would all be checked before the first is counted.
Waiting here in line, the sixth finds the lock. PostgreSQL keeps the line with an advisory lock; a SQLite database
lives on one host, where a locked file does it without holding the database's only writer during the slow hash.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from .lockfile import lockable

_LANES = 64


@contextmanager
def in_line(username: str, address: str) -> Iterator[None]:
    """Hold the place of this name and address until the answer is known and counted."""
    key = int.from_bytes(
        hashlib.sha256(f"{username}\0{address}".encode("utf-8", "replace")).digest()[:4], "big"
    )
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Two keys make a space of their own, apart from the single-key locks of the log and the tree.
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [1, key - 2**31])
            yield
        return
    with lockable(f"locks/signin-{key % _LANES}") as lane:
        fcntl.flock(lane, fcntl.LOCK_EX)
        yield
