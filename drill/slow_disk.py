"""A disk that takes up to a fifth of a second per fsync under load, then kill -9 on it."""

import statistics
import time
from collections.abc import Iterator

from .client import Client
from .invariants import Look, Tally
from .rows import Row
from .service import Service
from .shim import SLOW, shim
from .world import world
from .writers import saved_again, writing

STEPS = (0, 50, 200)  # ms
SAVES = 15  # of each clerk at each step


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Four clerks save at each step; at the last one all processes are killed once."""
    tally, measured = Tally(), {}
    with shim() as disk, world(database) as here, Service(here) as service:
        reader = Client(service.address).sign_in("tonghop")
        start = time.monotonic()
        with writing(here, [service.address]) as clerks:
            look = Look(here, clerks)
            for step in STEPS:
                disk.set(SLOW, step)
                saved_again(clerks)
                before = [len(clerk.spent) for clerk in clerks]
                while min(len(clerk.spent) - n for clerk, n in zip(clerks, before, strict=True)) < SAVES:
                    tally.must(reader.status("/") == 200, f"the dashboard at {step} ms")
                    time.sleep(0.2)
                spent = [s for clerk, n in zip(clerks, before, strict=True) for s in clerk.spent[n:]]
                p50, p95 = statistics.median(spent), statistics.quantiles(spent, n=20)[-1]
                measured[f"fsync + {step} ms, a saving"] = f"p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms"
                look.at_once()
            service.kill_all()
            service.start()
            saved_again(clerks)
            look.at_once()
            disk.set(SLOW, 0)
        look.whole()
        tally.add(look)
        spent = time.monotonic() - start
    yield tally.row("slow disk", database, spent, len(STEPS), measured)
