"""Many counts into the database at once: COPY on PostgreSQL, one prepared statement on SQLite."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.db import connection

from records.models import DossierCount, Edition, Submission
from records.queries.rows import COLUMNS

# From so many new rows on, a database that plans by statistics is told of them at once.
MANY = 500
FIELDS = ("edition_id", "field_id", "procedure_id", "answered", "reason", *COLUMNS)


def insert_counts(rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of DossierCount given as tuples in the order of FIELDS, in the caller's transaction."""
    columns = ", ".join(connection.ops.quote_name(name) for name in FIELDS)
    table = connection.ops.quote_name(DossierCount._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Emptiness is NULL, but in the reason, which is a text.
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            text.seek(0)
            copy = f"COPY {table} ({columns}) FROM STDIN WITH (FORMAT csv, NULL '', FORCE_NOT_NULL (reason))"
            cursor.copy_expert(copy, text)
            if cursor.rowcount >= MANY:
                _tell_planner(cursor)
        else:
            marks = ", ".join(["%s"] * len(FIELDS))
            insert = " ".join(["INSERT INTO", table, f"({columns})", "VALUES", f"({marks})"])
            cursor.executemany(insert, rows)


def _tell_planner(cursor: Any) -> None:
    """Without statistics PostgreSQL joins what was just written row by row, and the next file takes minutes: its own
    search for new rows comes later, and never within the transaction.
    """
    for model in (Submission, Edition, DossierCount):
        cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
