"""Fixtures of the ledger's tests: a database that threads share, and no anchors of other apps."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from core.registry import Registry
from ledger import log


@pytest.fixture
def shared_database(transactional_db, tmp_path: Path) -> Iterator[None]:
    """A database that threads can share: tests on SQLite run in memory, where locks differ from those of a file."""
    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "sqlite":
            path = tmp_path / "cchc.sqlite3"
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(path)])
            # As in the product from the start: threads that switch to WAL at once collide.
            with closing(sqlite3.connect(path)) as copy:
                copy.execute("PRAGMA journal_mode=WAL")
            # Undone before the database fixture ends, which would else close and lose the database in memory.
            patch.setitem(connection.settings_dict, "NAME", str(path))
        yield


@pytest.fixture(autouse=True)
def _no_anchors_of_other_apps(monkeypatch) -> None:
    """One test registers anchors itself."""
    monkeypatch.setattr(log, "ANCHOR_SOURCES", Registry())
