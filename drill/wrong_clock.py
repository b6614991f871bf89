"""The server's clock is set back two hours under load, then corrected (acceptance R10)."""

import time
from collections.abc import Iterator
from datetime import datetime

from .client import Client
from .invariants import Look, Tally
from .rows import Row
from .service import Service
from .shim import CLOCK, shim
from .world import World, world
from .writers import saved_again, writing

BACK = -2 * 3600
# The real clock, not the demo's fixed date.
REAL = {"CCHC_DEBUG": "1", "CCHC_DEMO": "0"}
LOCKED = """SELECT s.id, e.revision FROM records_submission s JOIN records_edition e ON e.submission_id = s.id
WHERE s.month = 202206 AND e.state = 'approved' AND s.unit_id =
(SELECT unit_id FROM records_submission WHERE id = ?)"""
HEAD = "SELECT max(sequence) FROM ledger_entry"
TIMES = "SELECT at FROM ledger_entry WHERE sequence > ? ORDER BY sequence"


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Nobody is signed out, approved months stay locked, the log stays in sequence with the clock's times."""
    tally = Tally()
    with shim() as clock, world(database, **REAL) as here, Service(here) as service:
        start = time.monotonic()
        with here.reading() as snapshot:
            head = snapshot.rows(HEAD)[0][0]
        with writing(here, [service.address]) as clerks:
            look = Look(here, clerks)
            locked = [_locked(here, service)]
            for wrong in (BACK, 0):
                saved_again(clerks)
                clock.set(CLOCK, wrong)
                for _ in range(10):
                    saved_again(clerks)
                look.at_once()
                locked.append(_locked(here, service))
        tally.must(set(locked) == {423}, f"a number for an approved month, before, back, after: {locked}")
        look.whole()
        tally.add(look)
        signed_out = sum(clerk.answers[401] + clerk.answers[403] for clerk in clerks)
        tally.must(not signed_out, f"{signed_out} answers as to a stranger")
        steps_back = _steps_back(here, head)
        tally.must(
            len(steps_back) == 1 and steps_back[0] > 7000, f"the log's times step back by {steps_back} s"
        )
        spent = time.monotonic() - start
    measured = {"the log's one step back, in seconds": round(max(steps_back, default=0))}
    yield tally.row("clock set back two hours", database, spent, 2, measured)


def _locked(here: World, service: Service) -> int:
    """Sign in and save into an approved month; return the status."""
    month = here.months[-1]
    with here.reading() as snapshot:
        number, revision = snapshot.rows(LOCKED, month.submission)[0]
    cells = {f"{min(month.served)}-received_direct": "1"}
    body = {"key": f"clock-{time.time()}", "revision": revision, "cells": cells}
    return Client(service.address).sign_in(month.username).json(f"/records/{number}/cells/", body).status


def _steps_back(here: World, head: int) -> list[float]:
    """Seconds by which entries after `head` are older than their predecessors, beyond a minute's tolerance."""
    with here.reading() as snapshot:
        rows = snapshot.rows(TIMES, head)
    times = [at if isinstance(at, datetime) else datetime.fromisoformat(at) for (at,) in rows]
    steps = [(before - at).total_seconds() for before, at in zip(times, times[1:], strict=False)]
    return [step for step in steps if step > 60]
