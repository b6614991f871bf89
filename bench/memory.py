"""P17: memory of the whole service when nobody asks, as the kernel shares it out (proportional set size)."""

import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from accounts.models import User

from .databases import use, vendor
from .measurement import Result
from .server import Server, ask, serving, serving_bare, session_of
from .superset import Superset

GOAL = 0.35
# Two workers of Superset 6.1, measured once: what stands as the limit where it is not installed.
SUPERSET = 436.0
PAGES = ("/", "/records/", "/units/", "/reports/reviews/", "/api/v1/summary")
# Of each page, so that every worker has drawn it; and seconds until all is quiet.
TIMES, QUIET = 8, 3.0


def rows(nation: tuple) -> Iterator[Result]:
    """`nation`: (connection, top unit, scale); beside Superset's in a trial, and beside a bare Django page's."""
    connection, _, scale = nation
    with use(connection):
        session = session_of(User.objects.get(username="reader"))
    with serving(connection) as server:
        ours = used(server, f"{settings.SESSION_COOKIE_NAME}={session}", PAGES)
    with serving_bare(connection) as server:
        bare = used(server, "", ("/",))
    title = f"P17 memory of the service, two workers, idle after use, {vendor()}"
    yield Result(f"{title} ÷ Superset in a trial", str(scale), ours, SUPERSET, "MiB", GOAL)
    yield Result(f"{title} ÷ a bare Django page", str(scale), ours, bare, "MiB")


def beside(server: Server, session: str, other: Superset, scale: str) -> Iterator[Result]:
    """Both have been asked the questions of P5."""
    ours = used(server, f"{settings.SESSION_COOKIE_NAME}={session}", PAGES)
    theirs = used(other.server, f"session={other.session}", (f"/superset/dashboard/{other.dashboard}/",))
    title = f"P17 memory of the service, two workers, idle after use, {vendor()} ÷ Superset"
    yield Result(title, scale, ours, theirs, "MiB", GOAL)


def used(server: Server, cookie: str, pages: tuple[str, ...]) -> float:
    """MiB of the first process and all that came of it, some seconds after the pages were asked for."""
    for page in pages * TIMES:
        answer, _ = ask(server.address, "GET", page, {"Cookie": cookie})
        if answer.status != 200:
            raise RuntimeError(f"{page}: {answer.status}")
    time.sleep(QUIET)
    return sum(_share(pid) for pid in _family(server.pid)) / 1024


def _family(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from _family(int(child))


def _share(pid: int) -> int:
    """KiB; what several processes share counts in each by its part."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
