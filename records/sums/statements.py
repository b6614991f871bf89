"""Several statements that write, one after the other."""

from collections.abc import Iterable

from django.db import connection


def execute(statements: Iterable[str]) -> None:
    """Each sees what those before it wrote. On PostgreSQL in one message: whoever waits for the rows that are locked
    here does not wait for each way there and back as well.
    """
    texts = list(statements)
    if connection.vendor == "postgresql":
        texts = [";\n".join(texts)] if texts else []
    with connection.cursor() as cursor:
        for text in texts:
            cursor.execute(text)
