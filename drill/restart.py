"""PostgreSQL ended at once or killed under load, and started again; nobody restarts the product."""

import os
import random
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator

from tests.support.database_replica import Server

from .client import Client
from .invariants import Look, Tally
from .rows import Row
from .service import Service
from .world import world
from .writers import saved_again, writing

TURNS = 12  # a minute
PATIENCE = 60.0
# While the database is away: what each address answers.
AWAY = {"/": 503, "/records/": 503, "/api/v1/units": 503}
OF_NOBODY = {"/accounts/login/": 200, "/healthz": 200, "/readyz": 503}


def rows(database: str, minutes: float) -> Iterator[Row]:
    """By turns `pg_ctl stop -m immediate` and kill -9 of the postmaster; half a second to two away."""
    luck, back, tally = random.Random(), [], Tally()
    turns = max(4, round(TURNS * minutes))
    with world(database) as here, Service(here) as service:
        start = time.monotonic()
        reader, nobody = Client(service.address).sign_in("tonghop"), Client(service.address)
        with writing(here, [service.address]) as clerks:
            look = Look(here, clerks)
            for turn in range(turns):
                saved_again(clerks)
                time.sleep(luck.uniform(0, 2))
                here.server.stop() if turn % 2 else _kill(here.server)
                told = {path: reader.status(path) for path in AWAY}
                told |= {path: nobody.status(path) for path in OF_NOBODY}
                tally.must(told == AWAY | OF_NOBODY, f"away: {told}")
                time.sleep(luck.uniform(0.5, 2))
                start_again(here.server)
                back.append(saved_again(clerks))
                look.at_once()
                tally.must(reader.status("/") == 200, "the dashboard after the database is back")
        look.whole()
        tally.add(look)
        measured = {
            "seconds until all four had saved again, median": round(statistics.median(back), 2),
            "seconds until all four had saved again, most": round(max(back), 2),
        }
        spent = time.monotonic() - start
    yield tally.row("database restarted under load", database, spent, turns, measured)


def _kill(server: Server) -> None:
    os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


def start_again(server: Server) -> None:
    """What it left behind ends by itself, and until then holds its memory."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return server.start()
        except subprocess.CalledProcessError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
