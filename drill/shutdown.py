"""SIGTERM while a saving takes three seconds: it is answered, and the service ends in time (acceptance R14)."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg2

from .client import FAILURES, Answer, Client
from .invariants import Tally, everything
from .rows import Row
from .service import Service
from .world import Month, World, world

LOG_LOCK = 0x43434843  # of ledger.log: who appends waits for it
HELD = 3.0  # seconds
AT_MOST = 20.0
ROUNDS = 5


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Another writer keeps the database for three seconds; half a second after the saving came in the service is told
    to end.
    """
    tally, ends, waits = Tally(), [], []
    with world(database) as here, Service(here) as service:
        start = time.monotonic()
        month = here.months[-2]
        revision = month.revision
        for turn in range(ROUNDS):
            clerk = Client(service.address).sign_in(month.username)
            with ThreadPoolExecutor(1) as pool, _kept_by_another(here):
                begun = time.monotonic()
                asked = pool.submit(_save, clerk, month, revision, turn)
                time.sleep(0.5)
                service.process.terminate()
                told = time.monotonic()
                time.sleep(HELD - 0.5)
            answer = asked.result()
            waits.append(time.monotonic() - begun)
            service.process.wait(60)
            ends.append(time.monotonic() - told)
            done = answer.status == 200
            tally.must(done, f"the saving under way: {answer.status}")
            tally.must(ends[-1] <= AT_MOST, f"ended after {ends[-1]:.1f} s")
            tally.acts, tally.acknowledged = tally.acts + 1, tally.acknowledged + done
            if done:
                revision = answer.data["revision"]
                tally.lost += _stored(here, month) != (revision, turn + 1)
            service.start()
        tally.broken += everything(here)
        spent = time.monotonic() - start
    measured = {
        "seconds of the saving, most": round(max(waits), 2),
        "seconds until ended, most": round(max(ends), 2),
    }
    yield tally.row("SIGTERM during a saving", database, spent, ROUNDS, measured)


def _save(clerk: Client, month: Month, revision: int, turn: int) -> Answer:
    """Status 0 where nobody answered."""
    cells = {f"{min(month.served)}-received_direct": str(turn + 1)}
    body = {"key": f"ending-{turn}", "revision": revision, "cells": cells}
    try:
        return clerk.json(f"/records/{month.submission}/cells/", body)
    except FAILURES:
        return Answer(0, b"", "")


def _stored(here: World, month: Month) -> tuple[int, int]:
    """Revision of the month and its number."""
    with here.reading() as found:
        asked = """SELECT e.revision, c.received_direct FROM records_edition e
        JOIN records_dossiercount c ON c.edition_id = e.id JOIN records_field f ON f.id = c.field_id
        WHERE e.submission_id = ? AND f.code = ? ORDER BY e.number DESC LIMIT 1"""
        return found.rows(asked, month.submission, min(month.served))[0]


@contextmanager
def _kept_by_another(here: World) -> Iterator[None]:
    """Whoever wants to write waits: for SQLite's one writer, or for the end of the log on PostgreSQL."""
    if here.server:
        base = psycopg2.connect(host=str(here.server.folder), user="postgres", dbname="postgres")
        question = f"SELECT pg_advisory_xact_lock({LOG_LOCK})"
    else:
        base, question = sqlite3.connect(here.file, isolation_level=None), "BEGIN IMMEDIATE"
    with closing(base):
        base.cursor().execute(question)
        yield
        base.rollback()
