"""A full disk, and freed again (acceptance R3, R13)."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2

from . import wal_full
from .disks import ENOUGH, MEGABYTE, Ballast, in_memory
from .invariants import Look, Tally
from .probe import Probe, until_refused
from .rows import Row
from .service import Service
from .world import World, temporary, world
from .writers import saved_again, writing

ROOM = {"SQLite": 64, "PostgreSQL": 320}  # MB, of which the demo takes a part
LEFT = 3 * MEGABYTE


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Fill the last 3 MB; PostgreSQL's WAL is on another disk, then alone on the full one."""
    with in_memory(ROOM[database]) as disk, temporary() as other:
        cluster = ("-X", _owned_by_postgres(other / "wal")) if database == "PostgreSQL" else ()
        with world(database, disk, *cluster) as here, Service(here, **ENOUGH) as service:
            yield _fill(here, service, Ballast(disk))
    if database == "PostgreSQL":
        with in_memory(wal_full.ROOM) as disk:
            cluster = ("-X", _owned_by_postgres(disk / "wal"))
            with (
                world(database, None, *cluster, options=wal_full.OPTIONS) as here,
                Service(here, **ENOUGH) as service,
            ):
                yield wal_full.row(here, service, disk)


def _owned_by_postgres(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    shutil.chown(folder, "postgres")
    return folder


def _fill(here: World, service: Service, ballast: Ballast) -> Row:
    tally, probe = Tally(), Probe(here, service)
    tally.must(probe.ready() == 200, "/readyz before")
    start = time.monotonic()
    with writing(here, [service.address]) as clerks:
        look = Look(here, clerks)
        saved_again(clerks)
        ballast.leave(LEFT)
        full_after = until_refused(clerks, ballast.shrink)
        ballast.leave(0)
        probe.only_reads(tally, room=here.database == "PostgreSQL")
        was_readable = _look_while_full(look)
        ballast.drop()
        saved_after = saved_again(clerks)
        look.at_once()
    look.whole()
    tally.add(look)
    tally.must(probe.ready() == 200, "/readyz after")
    measured = {
        "seconds until 3 MB were full": round(full_after, 1),
        "seconds from room made to all four saved": round(saved_after, 2),
        "answers 503": sum(clerk.answers[503] for clerk in clerks),
        "looked at while it was full": "yes" if was_readable else "no: PostgreSQL took no new connection",
    }
    return tally.row("disk full, room made", here.database, time.monotonic() - start, 1, measured)


def _look_while_full(look: Look) -> bool:
    """False if PostgreSQL accepts no new connection: after dropping its relation cache file it must write that first.
    The product keeps its connections; acknowledged saves are then checked once there is space.
    """
    try:
        look.at_once()
    except psycopg2.OperationalError as error:
        if "could not write init file" not in str(error):
            raise
        return False
    return True
