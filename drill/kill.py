"""kill -9 of workers and masters at random moments, while four clerks save and send (acceptance R1)."""

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator

from .invariants import Look, Tally
from .rows import Row
from .service import Service
from .world import world
from .writers import saved_again, writing

LEAST, MOST = 0.2, 3.0  # seconds between two kills
WHOLE_EVERY = 50  # kills; then everything is looked at, at rest


def rows(database: str, minutes: float) -> Iterator[Row]:
    """One worker, all of them, the master, or everything at once; what was acknowledged is looked for after each."""
    luck = random.Random()
    back, kinds, tally = [], Counter(), Tally()
    with world(database) as here, Service(here) as service:
        start = time.monotonic()
        while time.monotonic() - start < 60 * minutes:
            with writing(here, [service.address]) as clerks:
                look = Look(here, clerks)
                for _ in range(WHOLE_EVERY):
                    if time.monotonic() - start >= 60 * minutes:
                        break
                    time.sleep(luck.uniform(LEAST, MOST))
                    kind = luck.choice(("worker", "worker", "workers", "master", "all"))
                    _kill(service, kind, luck)
                    kinds[kind] += 1
                    back.append(saved_again(clerks))
                    look.at_once()
            look.whole()
            tally.add(look)
        spent = time.monotonic() - start
        tracebacks = service.told("Traceback")
    measured = {
        "kills": ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items())),
        "seconds until all four had saved again, median": round(statistics.median(back), 2),
        "seconds until all four had saved again, most": round(max(back), 2),
        "tracebacks in the log": tracebacks,
    }
    yield tally.row("kill -9 under load", database, spent, kinds.total(), measured)


def _kill(service: Service, kind: str, luck: random.Random) -> None:
    if kind in ("worker", "workers"):
        there = service.workers
        for pid in there if kind == "workers" else luck.sample(there, min(1, len(there))):
            service.kill_worker(pid)
        return
    service.kill_master() if kind == "master" else service.kill_all()
    service.start()
