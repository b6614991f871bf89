"""The demo in the test database. Loading it takes 2 s, copying a SQLite database 0.02: there it is loaded once in a
process and then copied.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from reports import demo
from reports.models import Review

FIXTURE = Path(settings.BASE_DIR) / "fixtures" / "thanhliem"
NOW = datetime(2022, 8, 12, 8, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
_copies: dict[str, sqlite3.Connection] = {}


def load_demo() -> Review:
    """Load the demo as of NOW into a database without rows; its review."""
    if connection.vendor != "sqlite":
        return demo.load_demo(FIXTURE, NOW)
    connection.ensure_connection()
    if "demo" not in _copies:
        with transaction.atomic():
            demo.load_demo(FIXTURE, NOW)
            connection.run_on_commit.clear()
        _keep("demo")
    _copies["demo"].backup(connection.connection)
    return Review.objects.get()


@contextmanager
def demo_loaded() -> Iterator[Review]:
    """The demo until the block ends, for several tests that each undo what they write."""
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


def _keep(name: str) -> None:
    if name not in _copies:
        _copies[name] = sqlite3.connect(":memory:", check_same_thread=False)
        connection.connection.backup(_copies[name])
