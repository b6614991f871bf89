"""SIGTERM during a save of three seconds: it gets its response, and the service ends in time (acceptance R14)."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg2

from .client import FAILURES, Answer, Client
from .invariants import Tally, faults_at_rest
from .rows import Row
from .service import Service
from .world import Month, World, world

LOG_LOCK = 0x43434843  # the advisory lock of ledger.log, taken to append
HELD = 3.0  # seconds
AT_MOST = 20.0
ROUNDS = 5


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Another writer locks the database for three seconds; SIGTERM follows half a second after the save."""
    tally, ends, waits = Tally(), [], []
    with world(database) as here, Service(here) as service:
        start = time.monotonic()
        month = here.months[-2]
        revision = month.revision
        for turn in range(ROUNDS):
            clerk = Client(service.address).sign_in(month.username)
            with ThreadPoolExecutor(1) as pool, _write_lock(here):
                begun = time.monotonic()
                pending = pool.submit(_save, clerk, month, revision, turn)
                time.sleep(0.5)
                service.process.terminate()
                terminated = time.monotonic()
                time.sleep(HELD - 0.5)
            answer = pending.result()
            waits.append(time.monotonic() - begun)
            service.process.wait(60)
            ends.append(time.monotonic() - terminated)
            is_saved = answer.status == 200
            tally.must(is_saved, f"the saving under way: {answer.status}")
            tally.must(ends[-1] <= AT_MOST, f"ended after {ends[-1]:.1f} s")
            tally.acts, tally.acknowledged = tally.acts + 1, tally.acknowledged + is_saved
            if is_saved:
                revision = answer.data["revision"]
                tally.lost += _stored(here, month) != (revision, turn + 1)
            service.start()
        tally.broken += faults_at_rest(here)
        spent = time.monotonic() - start
    measured = {
        "seconds of the saving, most": round(max(waits), 2),
        "seconds until ended, most": round(max(ends), 2),
    }
    yield tally.row("SIGTERM during a saving", database, spent, ROUNDS, measured)


def _save(clerk: Client, month: Month, revision: int, turn: int) -> Answer:
    """Status 0 if nothing responds."""
    cells = {f"{min(month.served)}-received_direct": str(turn + 1)}
    body = {"key": f"ending-{turn}", "revision": revision, "cells": cells}
    try:
        return clerk.json(f"/records/{month.submission}/cells/", body)
    except FAILURES:
        return Answer(0, b"", "")


def _stored(here: World, month: Month) -> tuple[int, int]:
    """The month's revision and saved number."""
    with here.reading() as snapshot:
        query = """SELECT e.revision, c.received_direct FROM records_edition e
        JOIN records_dossiercount c ON c.edition_id = e.id JOIN records_field f ON f.id = c.field_id
        WHERE e.submission_id = ? AND f.code = ? ORDER BY e.number DESC LIMIT 1"""
        return snapshot.rows(query, month.submission, min(month.served))[0]


@contextmanager
def _write_lock(here: World) -> Iterator[None]:
    """Hold SQLite's write lock, or on PostgreSQL the log's advisory lock."""
    if here.server:
        base = psycopg2.connect(host=str(here.server.folder), user="postgres", dbname="postgres")
        statement = f"SELECT pg_advisory_xact_lock({LOG_LOCK})"
    else:
        base, statement = sqlite3.connect(here.file, isolation_level=None), "BEGIN IMMEDIATE"
    with closing(base):
        base.cursor().execute(statement)
        yield
        base.rollback()
