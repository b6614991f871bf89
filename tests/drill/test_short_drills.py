"""Drills that take seconds, on the database that the tests use; scripts/drill runs them longer."""

import os
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from drill import kill, rows, shutdown, two_servers
from drill.rows import Row
from drill.world import World, world

pytestmark = pytest.mark.database
DATABASE = "PostgreSQL" if os.environ.get("DATABASE_URL") else "SQLite"
PRAGMAS = """
from django.db import connection, transaction
traced = []
with connection.cursor() as cursor:
    for name in ("journal_mode", "synchronous"):
        traced.append(str(cursor.execute(f"PRAGMA {name}").fetchone()[0]))
connection.connection.set_trace_callback(traced.append)
with transaction.atomic():
    pass
print(traced[:3])
"""


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    with world(DATABASE) as made:
        yield made


def drilled(part, here: World, monkeypatch, minutes: float = 0) -> Row:
    monkeypatch.setattr(part, "world", lambda *_: nullcontext(here))
    (row,) = part.rows(DATABASE, minutes)
    assert row.held, rows.table([row])
    return row


def test_what_was_saved_outlives_kill_9(here, monkeypatch):
    """Acceptance R1."""
    row = drilled(kill, here, monkeypatch, minutes=0.12)
    assert row.faults and row.acknowledged >= 4


def test_of_two_servers_one_saves(here, monkeypatch):
    """Acceptance R5, R6, R7."""
    monkeypatch.setattr(two_servers, "ROUNDS", 1)
    monkeypatch.setattr(two_servers, "SAVES", 4)
    assert drilled(two_servers, here, monkeypatch).acknowledged >= 18


def test_a_saving_under_way_is_answered_before_the_end(here, monkeypatch):
    """Acceptance R14."""
    monkeypatch.setattr(shutdown, "ROUNDS", 1)
    assert drilled(shutdown, here, monkeypatch).acknowledged == 1


def test_live_connections_to_sqlite_wait_for_the_disk(tmp_path):
    """Acceptance R2; on SQLite whichever database the tests use."""
    printed = World("SQLite", tmp_path).must("shell", "-v", "0", "-c", PRAGMAS)
    assert printed.strip() == "['wal', '2', 'BEGIN IMMEDIATE']"
