"""The database takes no writes any more (acceptance R4): a disk that fails under SQLite, PostgreSQL set so."""

import time
from collections.abc import Callable, Iterator

from .disks import ENOUGH, fail, on_file, repaired
from .invariants import Look, Tally
from .probe import Probe, until_refused
from .rows import Row
from .service import Service
from .world import World, world
from .writers import saved_again, writing

MEGABYTES = 128


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Reading goes on and writing is refused; afterwards what was acknowledged is there."""
    if database == "PostgreSQL":
        with world(database) as here, Service(here) as service:
            yield _read(here, service, lambda: _reads_only(here, "on"), lambda: _reads_only(here, "off"))
        return
    with on_file(MEGABYTES) as disk, world(database, disk) as here, Service(here, **ENOUGH) as service:

        def mend() -> None:
            service.end()
            repaired(disk)
            service.start()

        yield _read(here, service, lambda: fail(disk), mend)


def _reads_only(here: World, word: str) -> None:
    """As an administrator sets it, or a failover to a server that only follows."""
    for told in (f"ALTER SYSTEM SET default_transaction_read_only = {word}", "SELECT pg_reload_conf()"):
        here.server.run("psql", "-q", "-h", here.server.folder, "-U", "postgres", "-c", told)


def _read(here: World, service: Service, stop: Callable[[], None], mend: Callable[[], None]) -> Row:
    tally, probe = Tally(), Probe(here, service)
    start = time.monotonic()
    with writing(here, [service.address]) as clerks:
        look = Look(here, clerks)
        saved_again(clerks)
        stop()
        until_refused(clerks)
        probe.only_reads(tally)
        mend()
        again = saved_again(clerks)
        look.at_once()
    look.whole()
    tally.add(look)
    tally.must(probe.ready() == 200, "/readyz after")
    measured = {
        "seconds from mended to all four saved": round(again, 2),
        "answers 503": sum(clerk.answers[503] for clerk in clerks),
    }
    return tally.row("read-only", here.database, time.monotonic() - start, 1, measured)
