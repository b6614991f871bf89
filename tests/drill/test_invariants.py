"""Tests the drills' own checks: they detect what is lost, half written or stored twice."""

import json
import sqlite3
from collections import Counter
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from drill.invariants import Look
from drill.world import Snapshot

TABLES = """
CREATE TABLE ledger_entry (sequence INTEGER, subject TEXT, action TEXT, detail TEXT);
CREATE TABLE records_edition (id INTEGER, submission_id INTEGER, number INTEGER, revision INTEGER);
CREATE TABLE records_dossiercount (edition_id INTEGER, received_direct INTEGER, returned_direct INTEGER,
    resolved_on_time INTEGER);
INSERT INTO records_edition VALUES (1, 7, 1, 2);
INSERT INTO records_dossiercount VALUES (1, 102, 102, 102), (1, 102, 102, 102);
"""
ENTRY = "INSERT INTO ledger_entry VALUES (?, 'submission:7', ?, ?)"


class Base:
    """A month of two fields, saved with 101, then 102, and sent once; all three were acknowledged to the clerk."""

    def __init__(self) -> None:
        self.base = sqlite3.connect(":memory:")
        self.base.executescript(TABLES)
        for sequence, number in ((1, 101), (2, 102)):
            cells = {field: {"received_direct": [number - 1, number]} for field in ("a", "b")}
            self.base.execute(ENTRY, [sequence, "submission.save", json.dumps({"cells": cells})])
        self.base.execute(ENTRY, [3, "submission.send", "{}"])
        month = SimpleNamespace(submission=7)
        self.clerk = SimpleNamespace(
            name="xa", subject="submission:7", month=month, saved=[(101, 1), (102, 2)], sent=1, trying=103
        )
        self.clerk.answers, self.clerk.broken = Counter(), []

    @contextmanager
    def reading(self):
        yield Snapshot(self.base, "?")

    def check(self) -> tuple[int, list[str]]:
        look = Look(self, [self.clerk])
        look.at_once()
        return look.lost, look.broken


@pytest.fixture
def base() -> Base:
    return Base()


def test_what_was_acknowledged_and_is_stored_is_no_fault(base):
    assert base.check() == (0, [])


@pytest.mark.parametrize("saved", [[(101, 1), (103, 2)], [(100, 1), (101, 1), (102, 2)]])
def test_an_acknowledged_saving_that_is_not_in_the_log_is_lost(base, saved):
    base.clerk.saved = saved
    lost, _ = base.check()
    assert lost == 1


def test_an_acknowledged_sending_that_is_not_in_the_log_is_lost(base):
    base.clerk.sent = 3
    assert base.check()[0] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE records_dossiercount SET resolved_on_time = 101 WHERE rowid = 1", "half a month"),
        ("UPDATE records_dossiercount SET received_direct = NULL WHERE rowid = 2", "half a month"),
        ("UPDATE records_edition SET revision = 1", "acknowledged 102 of 2"),
        (
            "INSERT INTO ledger_entry SELECT 4, subject, action, detail FROM ledger_entry WHERE sequence = 2",
            "twice",
        ),
    ],
)
def test_a_month_that_is_not_whole_is_reported(base, change, message):
    base.base.execute(change)
    _, broken = base.check()
    assert len(broken) == 1 and message in broken[0]


def test_a_month_that_fell_back_is_reported(base):
    base.base.execute(
        "UPDATE records_dossiercount SET received_direct=101, returned_direct=101, resolved_on_time=101"
    )
    assert "acknowledged 102" in base.check()[1][0]
