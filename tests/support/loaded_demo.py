"""The demo in the test database.

Loading it takes seconds and copying its rows a fraction of one, so each process loads it once and then copies it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from core import database
from reports import demo
from reports.models import Review

FIXTURE = Path(settings.BASE_DIR) / "fixtures" / "thanhliem"
NOW = datetime(2022, 8, 12, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
_copies: dict[str, sqlite3.Connection] = {}
_rows: dict[str, bytes] = {}  # of each PostgreSQL table, as COPY writes them
_sequences: dict[str, int] = {}


def load_demo() -> Review:
    """Load the demo as of NOW into an empty database; return its review."""
    if connection.vendor == "sqlite":
        _load_on_sqlite()
    else:
        _load_on_postgresql()
    return Review.objects.get()


@contextmanager
def demo_loaded() -> Iterator[Review]:
    """The demo until the block ends, for several tests that each roll back."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        _keep("empty")
        try:
            yield load_demo()
        finally:
            _copies["empty"].backup(connection.connection)
    else:
        with transaction.atomic():
            yield load_demo()
            transaction.set_rollback(True)


def _load_on_sqlite() -> None:
    connection.ensure_connection()
    if "demo" not in _copies:
        with transaction.atomic():
            demo.load_demo(FIXTURE, NOW)
            connection.run_on_commit.clear()
        _keep("demo")
    _copies["demo"].backup(connection.connection)


def _keep(name: str) -> None:
    if name not in _copies:
        _copies[name] = sqlite3.connect(":memory:", check_same_thread=False)
        connection.connection.backup(_copies[name])


def _load_on_postgresql() -> None:
    """In the replica role PostgreSQL fires no triggers and checks no foreign keys."""
    if not _rows:
        demo.load_demo(FIXTURE, NOW)
        _keep_rows()
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, rows in _rows.items():
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 -- names from PostgreSQL
            cursor.copy_expert(f"COPY {table} FROM STDIN", BytesIO(rows))
        for name, last in _sequences.items():
            cursor.execute("SELECT setval(%s, %s)", [name, last])
        cursor.execute("SET LOCAL session_replication_role = origin")
    # With statistics of empty tables PostgreSQL plans a query that takes minutes.
    database.analyze_tables()


def _keep_rows() -> None:
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            rows = BytesIO()
            cursor.copy_expert(f"COPY {table} TO STDOUT", rows)
            if rows.tell():
                _rows[table] = rows.getvalue()
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL")
        _sequences.update(cursor.fetchall())
