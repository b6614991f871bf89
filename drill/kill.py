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
WHOLE_EVERY = 50  # kills between two full checks at rest


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Kill one worker, all, the master, or everything; check acknowledged saves after each kill."""
    rng = random.Random()
    recovery_seconds, kinds, tally = [], Counter(), Tally()
    with world(database) as here, Service(here) as service:
        start = time.monotonic()
        while time.monotonic() - start < 60 * minutes:
            with writing(here, [service.address]) as clerks:
                look = Look(here, clerks)
                for _ in range(WHOLE_EVERY):
                    if time.monotonic() - start >= 60 * minutes:
                        break
                    time.sleep(rng.uniform(LEAST, MOST))
                    kind = rng.choice(("worker", "worker", "workers", "master", "all"))
                    _kill(service, kind, rng)
                    kinds[kind] += 1
                    recovery_seconds.append(saved_again(clerks))
                    look.at_once()
            look.whole()
            tally.add(look)
        spent = time.monotonic() - start
        tracebacks = service.count_in_log("Traceback")
    measured = {
        "kills": ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items())),
        "seconds until all four had saved again, median": round(statistics.median(recovery_seconds), 2),
        "seconds until all four had saved again, most": round(max(recovery_seconds), 2),
        "tracebacks in the log": tracebacks,
    }
    yield tally.row("kill -9 under load", database, spent, kinds.total(), measured)


def _kill(service: Service, kind: str, rng: random.Random) -> None:
    if kind in ("worker", "workers"):
        workers = service.workers
        for pid in workers if kind == "workers" else rng.sample(workers, min(1, len(workers))):
            service.kill_worker(pid)
        return
    service.kill_master() if kind == "master" else service.kill_all()
    service.start()
