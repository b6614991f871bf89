"""Half an hour of ordinary work: twenty people, ten requests a second (acceptance R16)."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from .client import Client
from .rows import Row
from .service import Service
from .swarm import failures, swarm
from .world import World, world

PEOPLE, REQUESTS = 20, 10.0  # in all; requests a second
SETTLED = 300.0  # seconds, after which memory may not grow
LIMIT, GROWTH, WAL = 500.0, 1.10, 64 * 1024 * 1024  # ms; times; bytes
PAGES = [
    ("dashboard", "/"),
    ("a commune", "/?unit=13474"),
    ("table as CSV", "/reports/dashboard.csv"),
    ("work list", "/records/"),
    ("reviews", "/reports/reviews/"),
    ("a review", "/reports/reviews/1/"),
    ("API: summary", "/api/v1/summary?unit=351&period=2022-H1"),
]


def rows(database: str, minutes: float) -> Iterator[Row]:
    """`minutes` of load, 30 for the acceptance; half of the users save, half read."""
    with world(database) as here, Service(here) as service:
        clerks = here.months[: PEOPLE // 2]
        plan = {
            "cookie": "sessionid",
            "clerks": [_sign_in(service, clerk.username, clerk) for clerk in clerks],
            "readers": [_sign_in(service, "tonghop")[0] for _ in range(PEOPLE // 2)],
            "pages": PAGES,
            "saving": len(clerks),
            "reading": PEOPLE // 2,
            "pace": PEOPLE / REQUESTS,
            "look": PEOPLE / REQUESTS,
            "drawn": [],
            "every": 1,
            "monthly": [[]],
            "sending": 0,
            "month_pace": 1,
        }
        watch = _Watch(here, service)
        watch.start()
        answered = swarm(service.address, here.folder, plan, seconds=60 * minutes, rate=5)
        watch.over.set()
        watch.join()
        broken = [*failures(here.folder), *watch.broken()]
        broken += [f"{kind.name}: p95 of {kind.p95:.0f} ms" for kind in answered if kind.p95 >= LIMIT]
        measured = {kind.name: str(kind) for kind in answered} | watch.measured()
        acts = sum(kind.requests for kind in answered)
        saved = sum(kind.requests - kind.failures for kind in answered if kind.name == "save")
    yield Row("steady work", database, 60 * minutes, acts, saved, broken=tuple(broken), measured=measured)


def _sign_in(service: Service, username: str, month=None) -> list:
    """A session cookie, and for a clerk the month with three of its cells."""
    cookies = Client(service.address).sign_in(username).cookies
    cookie_and_month = [
        next(value for name, value in cookies.items() if name.endswith("session") or name == "sessionid")
    ]
    if month:
        field = next(iter(month.served))
        cells = [f"{field}-{name}" for name in ("received_direct", "resolved_on_time", "pending_in_time")]
        cookie_and_month += [month.submission, month.revision, cells]
    return cookie_and_month


class _Watch(threading.Thread):
    """Samples the service's memory and the write-ahead log every ten seconds. The log counts what a start after a power
    failure has to read: SQLite's file; on PostgreSQL, since the last checkpoint.
    """

    def __init__(self, here: World, service: Service) -> None:
        super().__init__(daemon=True)
        self.here, self.service, self.over = here, service, threading.Event()
        # Seconds, bytes of memory, of the log, of PostgreSQL's WAL folder.
        self.samples: list[tuple[float, int, int, int]] = []

    def run(self) -> None:
        start = time.monotonic()
        while not self.over.wait(10):
            self.samples.append((time.monotonic() - start, memory(self.service), *wal_bytes(self.here)))

    def _memory_growth(self) -> float:
        """Ratio of memory at the end to memory after SETTLED: medians of a minute."""
        settled = [size for at, size, *_ in self.samples if at >= min(SETTLED, self.samples[-1][0] / 2)]
        first, last = sorted(settled[:6]), sorted(settled[-6:])
        return last[len(last) // 2] / first[len(first) // 2]

    def broken(self) -> list[str]:
        faults = [f"memory grew {self._memory_growth():.2f} times"] if self._memory_growth() > GROWTH else []
        log = max(size for _, _, size, _ in self.samples)
        return faults + ([f"the write-ahead log had {log:,} bytes"] if log >= WAL else [])

    def measured(self) -> dict[str, float | str]:
        folder = {
            "folder of the write-ahead log, most, MB": round(
                max(sample[3] for sample in self.samples) / 1e6, 1
            )
        }
        return {
            "memory at the end ÷ at minute 5": round(self._memory_growth(), 3),
            "memory of all processes at the end, MB": round(self.samples[-1][1] / 1e6),
            "write-ahead log, most, MB": round(max(sample[2] for sample in self.samples) / 1e6, 1),
            **(folder if self.here.server else {}),
            "other work on the machine (load of 15 min)": round(os.getloadavg()[2], 1),
        }


def wal_bytes(here: World) -> tuple[int, int]:
    """Bytes of the write-ahead log not yet checkpointed, and of PostgreSQL's WAL folder, which recycles old files (0
    for SQLite).
    """
    if not here.server:
        log = here.file.with_name(here.file.name + "-wal")
        return (log.stat().st_size if log.exists() else 0), 0
    with here.reading() as snapshot:
        return snapshot.rows(
            "SELECT (pg_current_wal_insert_lsn() - redo_lsn)::bigint, (SELECT sum(size) FROM pg_ls_waldir())::bigint"
            " FROM pg_control_checkpoint()"
        )[0]


def memory(service: Service) -> int:
    """Proportional set size of the master and its workers, in bytes."""
    total = 0
    for pid in (service.process.pid, *service.workers):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total
