"""Refreshes PostgreSQL's table statistics after many rows were written at once."""

from django.db import connection, models


def analyze_tables(*tables: type[models.Model]) -> None:
    """Let PostgreSQL look at these tables, or at all of them without any named; SQLite plans by its indexes alone.

    Its own search comes a minute or more later, and never within a transaction. Until then it plans by what it knew
    before: of tables that held nothing when it looked, ways that take minutes.
    """
    if connection.vendor != "postgresql":
        return
    named = ", ".join(connection.ops.quote_name(table._meta.db_table) for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {named}".rstrip())
