"""PostgreSQL stopped or killed under load and started again, without restarting the product."""

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
# Status of each address while the database is down; then those without sign-in.
AWAY = {"/": 503, "/records/": 503, "/api/v1/units": 503}
AWAY_SIGNED_OUT = {"/accounts/login/": 200, "/healthz": 200, "/readyz": 503}


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Alternates `pg_ctl stop -m immediate` and kill -9 of the postmaster; down for half a second to two."""
    rng, recovery_seconds, tally = random.Random(), [], Tally()
    turns = max(4, round(TURNS * minutes))
    with world(database) as here, Service(here) as service:
        start = time.monotonic()
        reader, nobody = Client(service.address).sign_in("tonghop"), Client(service.address)
        with writing(here, [service.address]) as clerks:
            look = Look(here, clerks)
            for turn in range(turns):
                saved_again(clerks)
                time.sleep(rng.uniform(0, 2))
                here.server.stop() if turn % 2 else _kill(here.server)
                statuses = {path: reader.status(path) for path in AWAY}
                statuses |= {path: nobody.status(path) for path in AWAY_SIGNED_OUT}
                tally.must(statuses == AWAY | AWAY_SIGNED_OUT, f"away: {statuses}")
                time.sleep(rng.uniform(0.5, 2))
                start_again(here.server)
                recovery_seconds.append(saved_again(clerks))
                look.at_once()
                tally.must(reader.status("/") == 200, "the dashboard after the database is back")
        look.whole()
        tally.add(look)
        measured = {
            "seconds until all four had saved again, median": round(statistics.median(recovery_seconds), 2),
            "seconds until all four had saved again, most": round(max(recovery_seconds), 2),
        }
        spent = time.monotonic() - start
    yield tally.row("database restarted under load", database, spent, turns, measured)


def _kill(server: Server) -> None:
    os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


def start_again(server: Server) -> None:
    """Retry: processes of a killed server end by themselves, and hold its shared memory until then."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return server.start()
        except subprocess.CalledProcessError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
