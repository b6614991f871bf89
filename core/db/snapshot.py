"""Runs several queries against one state of the database."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """For what only reads; also a decorator. Within a transaction of the caller that one's rules hold."""
    with ExitStack() as within:
        if not connection.in_atomic_block:
            if connection.vendor == "sqlite":
                within.enter_context(connection.reading())
            within.enter_context(transaction.atomic())
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
