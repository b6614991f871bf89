"""Month-end load by locust: every clerk of the country saves, months are sent, uploaded and approved, leadership looks,
reviews are drawn; then faster step by step until it breaks (acceptance P10). PostgreSQL waits for its disk here.
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
from .swarm import Answered, failures, swarm
from .world import World, temporary

CLERKS, MONTHLY = 10_000, 35  # of the 10,035: who save, and who send a month and upload a form
SAVES, DASHBOARDS, MONTHS = 60.0, 3.0, 0.2  # a second
REVIEWS_EVERY = 30.0
LIMIT = 500.0
STEPS = (15.0, 30.0, 60.0, 90.0, 120.0, 180.0)  # saves a second
STEP_SECONDS = 20.0
STEP_CLERKS = 600
ARRIVALS = 2_000.0  # users a second; each begins at a moment of its own


def rows(database: str, minutes: float) -> Iterator[Row]:
    """The afternoon for `minutes`, then the steps."""
    with _country(database) as here:
        told = json.loads(here.must("shell", "-v", "0", "-c", PREPARE.format(clerks=CLERKS, monthly=MONTHLY)))
        told |= {"reading": 3, "look": 3 / DASHBOARDS, "every": REVIEWS_EVERY, "sending": MONTHLY}
        told |= {"saving": CLERKS, "pace": CLERKS / SAVES, "month_pace": MONTHLY / MONTHS}
        with Service(here) as service:
            start = time.monotonic()
            found = swarm(service.address, here.folder, told, seconds=60 * minutes, rate=ARRIVALS)
            title = f"month's end: {SAVES:.0f} saves/s of {CLERKS + MONTHLY:,} clerks"
            row = _row(title, database, time.monotonic() - start, found, here.folder)
            yield row
            rates = [rate for rate in STEPS if rate > SAVES or not row.held]
            yield _until_it_breaks(database, here, service, told, rates)


@contextmanager
def _country(database: str) -> Iterator[World]:
    """A country of before 2025 with one month of figures; nothing of it stays."""
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
    database: str, here: World, service: Service, told: dict[str, Any], rates: list[float]
) -> Row:
    """Steps of more and more savings a second, up to the first that fails or is too slow; that is no fault."""
    start, measured, borne, acts = time.monotonic(), {}, SAVES if rates[0] > SAVES else 0.0, 0
    for rate in rates:
        revisions = json.loads((here.folder / "revisions.json").read_text(encoding="utf-8"))
        told |= {"clerks": revisions[-STEP_CLERKS:], "saving": STEP_CLERKS, "pace": STEP_CLERKS / rate}
        told |= {"drawn": [], "sending": 0}
        found = swarm(service.address, here.folder, told, seconds=STEP_SECONDS, rate=ARRIVALS)
        acts += sum(one.requests for one in found)
        wrong = _wrong(found, here.folder)
        for one in found:
            measured[f"{rate:.0f} saves/s asked for: {one.name}"] = str(one)
        if wrong:
            measured["breaks at, saves/s"] = f"{rate:.0f} ({wrong[0]})"
            break
        borne = rate
    measured |= {"most that is borne, saves/s": borne} | _machine()
    return Row("month's end, faster and faster", database, time.monotonic() - start, acts, measured=measured)


def _row(title: str, database: str, seconds: float, found: list[Answered], folder: Path) -> Row:
    row = Row(title, database, seconds, sum(one.requests for one in found))
    row = replace(row, acknowledged=sum(one.requests - one.failures for one in found if one.name == "save"))
    return replace(
        row, broken=tuple(_wrong(found, folder)), measured={one.name: str(one) for one in found} | _machine()
    )


def _wrong(found: list[Answered], folder: Path) -> list[str]:
    slow = [one for one in found if one.name in ("save", "dashboard") and one.p95 > LIMIT]
    return [*failures(folder), *(f"{one.name}: p95 of {one.p95:.0f} ms" for one in slow)]


def _machine() -> dict[str, float]:
    return {"other work on the machine (load of 15 min)": round(os.getloadavg()[2], 1)}
