"""PostgreSQL's WAL disk is full: the server ends by itself, and starts once there is space."""

import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg2

from tests.support.database_replica import Server

from .client import Client
from .disks import MEGABYTE, Ballast
from .invariants import Look, Tally
from .restart import AWAY, AWAY_SIGNED_OUT, start_again
from .rows import Row
from .service import Service
from .world import POSTGRES, World
from .writers import saved_again, writing

ROOM = 256  # MB, of which the WAL takes up to half
OPTIONS = f"{POSTGRES} -c max_wal_size=128MB"
SAVINGS = 10  # of each clerk before that, at least
PATIENCE = 120.0


def row(here: World, service: Service, disk: Path) -> Row:
    """Fill the disk up to 3 MB while four clerks save, and any space the server frees, until it ends; try to start it
    on the full disk; then free the space. `disk` contains only the WAL.
    """
    tally, ballast = Tally(), Ballast(disk)
    reader, nobody = Client(service.address).sign_in("tonghop"), Client(service.address)
    start = time.monotonic()
    with writing(here, [service.address]) as clerks:
        look = Look(here, clerks)
        for _ in range(SAVINGS):
            saved_again(clerks)
        look.at_once()
        ballast.leave(3 * MEGABYTE)
        ended_after = _until_ended(here.server, ballast)
        statuses = {path: reader.status(path) for path in AWAY}
        statuses |= {path: nobody.status(path) for path in AWAY_SIGNED_OUT}
        tally.must(statuses == AWAY | AWAY_SIGNED_OUT, f"away: {statuses}")
        tally.must(not _starts(here.server), "it started on the full disk")
        log = (here.server.folder / "log").read_text(errors="replace")
        tally.must("No space left on device" in log, "the server does not say that its disk is full")
        ballast.drop()
        room = time.monotonic()
        start_again(here.server)
        saved_again(clerks)
        saved_after = time.monotonic() - room
        look.at_once()
    look.whole()
    tally.add(look)
    tally.must(nobody.status("/readyz") == 200, "/readyz after")
    measured = {
        "seconds until the server had ended by itself": round(ended_after, 1),
        "seconds from room made, with the start, to all four saved": round(saved_after, 2),
        "answers 503": sum(clerk.answers[503] for clerk in clerks),
    }
    return tally.row("write-ahead log on a full disk", here.database, time.monotonic() - start, 1, measured)


def _until_ended(server: Server, ballast: Ballast) -> float:
    """Seconds until the server has ended. Switches WAL files early, as archiving does, and takes any freed space.
    Errors: TimeoutError.
    """
    begun = time.monotonic()
    while _runs(server):
        if time.monotonic() - begun > PATIENCE:
            raise TimeoutError("PostgreSQL still runs on a full disk")
        with suppress(psycopg2.Error):
            server.ask("SELECT pg_switch_wal()")
        with suppress(OSError):
            ballast.leave(0)
        time.sleep(0.2)
    return time.monotonic() - begun


def _runs(server: Server) -> bool:
    """Whether the postmaster is alive."""
    with suppress(FileNotFoundError):
        number = int((server.data / "postmaster.pid").read_text().split()[0])
        return Path(f"/proc/{number}").exists()
    return False


def _starts(server: Server) -> bool:
    try:
        server.start()
    except subprocess.CalledProcessError:
        return False
    return True
