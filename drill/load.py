"""Month-end load by locust: all clerks save, months are sent, uploaded and approved, leadership reads, reviews are
rendered; then faster step by step until it fails (acceptance P10). PostgreSQL runs with fsync.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .afternoon import FILL, PREPARE, TODAY
from .rows import Row
from .service import Service
from .swarm import RequestStats, failures, swarm
from .world import World, temporary

CLERKS, MONTHLY = 10_000, 35  # of the 10,035: those who save; those who send a month and upload a form
SAVES, DASHBOARDS, MONTHS = 60.0, 3.0, 0.2  # a second
REVIEWS_EVERY = 30.0
LIMIT = 500.0
STEPS = (15.0, 30.0, 60.0, 90.0, 120.0, 180.0)  # saves a second
STEP_SECONDS = 20.0
STEP_CLERKS = 600
ARRIVALS = 2_000.0  # users started per second; each waits a random time first


def rows(database: str, minutes: float) -> Iterator[Row]:
    """The afternoon for `minutes`, then the steps."""
    with _country(database) as here:
        plan = json.loads(here.must("shell", "-v", "0", "-c", PREPARE.format(clerks=CLERKS, monthly=MONTHLY)))
        plan |= {"reading": 3, "look": 3 / DASHBOARDS, "every": REVIEWS_EVERY, "sending": MONTHLY}
        plan |= {"saving": CLERKS, "pace": CLERKS / SAVES, "month_pace": MONTHLY / MONTHS}
        with Service(here) as service:
            start = time.monotonic()
            answered = swarm(service.address, here.folder, plan, seconds=60 * minutes, rate=ARRIVALS)
            title = f"month's end: {SAVES:.0f} saves/s of {CLERKS + MONTHLY:,} clerks"
            row = _row(title, database, time.monotonic() - start, answered, here.folder)
            yield row
            rates = [rate for rate in STEPS if rate > SAVES or not row.held]
            yield _until_it_breaks(database, here, service, plan, rates)


@contextmanager
def _country(database: str) -> Iterator[World]:
    """A temporary country before 2025 with one month of figures."""
    with temporary() as folder:
        here = World(database, folder, CCHC_TODAY=TODAY)
        try:
            here.begin()
            here.must("collectstatic", "--no-input", "-v", "0")
            here.must("migrate", "-v", "0")
            here.must("shell", "-v", "0", "-c", FILL)
            yield here
        finally:
            if here.server:
                here.server.stop()


def _until_it_breaks(
    database: str, here: World, service: Service, plan: dict[str, Any], rates: list[float]
) -> Row:
    """Raise the rate step by step up to the first that fails or is too slow, which is not a fault."""
    start, measured, highest, acts = time.monotonic(), {}, SAVES if rates[0] > SAVES else 0.0, 0
    for rate in rates:
        revisions = json.loads((here.folder / "revisions.json").read_text(encoding="utf-8"))
        plan |= {"clerks": revisions[-STEP_CLERKS:], "saving": STEP_CLERKS, "pace": STEP_CLERKS / rate}
        plan |= {"drawn": [], "sending": 0}
        answered = swarm(service.address, here.folder, plan, seconds=STEP_SECONDS, rate=ARRIVALS)
        acts += sum(kind.requests for kind in answered)
        wrong = _wrong(answered, here.folder)
        for kind in answered:
            measured[f"{rate:.0f} saves/s asked for: {kind.name}"] = str(kind)
        if wrong:
            measured["breaks at, saves/s"] = f"{rate:.0f} ({wrong[0]})"
            break
        highest = rate
    measured |= {"most that is borne, saves/s": highest} | _machine()
    return Row("month's end, faster and faster", database, time.monotonic() - start, acts, measured=measured)


def _row(title: str, database: str, seconds: float, answered: list[RequestStats], folder: Path) -> Row:
    row = Row(title, database, seconds, sum(kind.requests for kind in answered))
    row = replace(
        row, acknowledged=sum(kind.requests - kind.failures for kind in answered if kind.name == "save")
    )
    return replace(
        row,
        broken=tuple(_wrong(answered, folder)),
        measured={kind.name: str(kind) for kind in answered} | _machine(),
    )


def _wrong(answered: list[RequestStats], folder: Path) -> list[str]:
    slow = [kind for kind in answered if kind.name in ("save", "dashboard") and kind.p95 > LIMIT]
    return [*failures(folder), *(f"{kind.name}: p95 of {kind.p95:.0f} ms" for kind in slow)]


def _machine() -> dict[str, float]:
    return {"other work on the machine (load of 15 min)": round(os.getloadavg()[2], 1)}
