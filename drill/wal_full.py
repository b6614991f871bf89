"""The disk of PostgreSQL's write-ahead log is full: the server ends by itself, and starts once there is room."""

import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg2

from tests.support.database_replica import Server

from .client import Client
from .disks import MEGABYTE, Ballast
from .invariants import Look, Tally
from .restart import AWAY, OF_NOBODY, start_again
from .rows import Row
from .service import Service
from .world import POSTGRES, World
from .writers import saved_again, writing

ROOM = 256  # MB, of which the log keeps up to half
OPTIONS = f"{POSTGRES} -c max_wal_size=128MB"
SAVINGS = 10  # of each clerk before that, at least
PATIENCE = 120.0


def row(here: World, service: Service, disk: Path) -> Row:
    """All room but 3 MB is taken while four clerks save, and what the server gives back as well, until it has ended; an
    attempt to start it on the full disk; then room is made. `disk` holds the log and nothing else.
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
        told = {path: reader.status(path) for path in AWAY}
        told |= {path: nobody.status(path) for path in OF_NOBODY}
        tally.must(told == AWAY | OF_NOBODY, f"away: {told}")
        tally.must(not _starts(here.server), "it started on the full disk")
        log = (here.server.folder / "log").read_text(errors="replace")
        tally.must("No space left on device" in log, "the server does not say that its disk is full")
        ballast.drop()
        room = time.monotonic()
        start_again(here.server)
        saved_again(clerks)
        again = time.monotonic() - room
        look.at_once()
    look.whole()
    tally.add(look)
    tally.must(nobody.status("/readyz") == 200, "/readyz after")
    measured = {
        "seconds until the server had ended by itself": round(ended_after, 1),
        "seconds from room made, with the start, to all four saved": round(again, 2),
        "answers 503": sum(clerk.answers[503] for clerk in clerks),
    }
    return tally.row("write-ahead log on a full disk", here.database, time.monotonic() - start, 1, measured)


def _until_ended(server: Server, ballast: Ballast) -> float:
    """Seconds. Files of the log are ended early, as an archive has it; what becomes free is taken. Errors:
    TimeoutError.
    """
    begun = time.monotonic()
    while _runs(server):
        if time.monotonic() - begun > PATIENCE:
            raise TimeoutError("PostgreSQL goes on on a full disk")
        with suppress(psycopg2.Error):
            server.ask("SELECT pg_switch_wal()")
        with suppress(OSError):
            ballast.leave(0)
        time.sleep(0.2)
    return time.monotonic() - begun


def _runs(server: Server) -> bool:
    """Whether its first process is there."""
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
