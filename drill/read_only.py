"""The database accepts no writes (acceptance R4): a failing disk under SQLite, a setting of PostgreSQL."""

import time
from collections.abc import Callable, Iterator

from .disks import ENOUGH, fail, on_file, repair
from .invariants import Look, Tally
from .probe import Probe, until_refused
from .rows import Row
from .service import Service
from .world import World, world
from .writers import saved_again, writing

MEGABYTES = 128


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Reading works and writing is refused; afterwards all acknowledged saves are there."""
    if database == "PostgreSQL":
        with world(database) as here, Service(here) as service:
            yield _row(here, service, lambda: _reads_only(here, "on"), lambda: _reads_only(here, "off"))
        return
    with on_file(MEGABYTES) as disk, world(database, disk) as here, Service(here, **ENOUGH) as service:

        def mend() -> None:
            service.end()
            repair(disk)
            service.start()

        yield _row(here, service, lambda: fail(disk), mend)


def _reads_only(here: World, word: str) -> None:
    """As an administrator or a failover to a standby would."""
    for statement in (f"ALTER SYSTEM SET default_transaction_read_only = {word}", "SELECT pg_reload_conf()"):
        here.server.run("psql", "-q", "-h", here.server.folder, "-U", "postgres", "-c", statement)


def _row(here: World, service: Service, stop: Callable[[], None], mend: Callable[[], None]) -> Row:
    tally, probe = Tally(), Probe(here, service)
    start = time.monotonic()
    with writing(here, [service.address]) as clerks:
        look = Look(here, clerks)
        saved_again(clerks)
        stop()
        until_refused(clerks)
        probe.only_reads(tally)
        mend()
        saved_after = saved_again(clerks)
        look.at_once()
    look.whole()
    tally.add(look)
    tally.must(probe.ready() == 200, "/readyz after")
    measured = {
        "seconds from mended to all four saved": round(saved_after, 2),
        "answers 503": sum(clerk.answers[503] for clerk in clerks),
    }
    return tally.row("read-only", here.database, time.monotonic() - start, 1, measured)
