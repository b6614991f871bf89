"""P17: memory of the idle service, as proportional set size."""

import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from accounts.models import User

from .databases import use, vendor
from .measurement import Result
from .server import Server, http_request, serving, serving_bare, session_cookie
from .superset import Superset

GOAL = 0.35
# Two workers of Superset 6.1, measured once: the reference where it is not installed.
SUPERSET = 436.0
PAGES = ("/", "/records/", "/units/", "/reports/reviews/", "/api/v1/summary")
# Requests of each page, so that every worker has rendered it; seconds until the service is idle.
TIMES, QUIET = 8, 3.0


def rows(nation: tuple) -> Iterator[Result]:
    """`nation`: (connection, top unit, scale); compared with an earlier run of Superset and a bare Django page."""
    connection, _, scale = nation
    with use(connection):
        session = session_cookie(User.objects.get(username="reader"))
    with serving(connection) as server:
        ours = _memory_used(server, f"{settings.SESSION_COOKIE_NAME}={session}", PAGES)
    with serving_bare(connection) as server:
        bare = _memory_used(server, "", ("/",))
    title = f"P17 memory of the service, two workers, idle after use, {vendor()}"
    yield Result(f"{title} ÷ Superset in a trial", str(scale), ours, SUPERSET, "MiB", GOAL)
    yield Result(f"{title} ÷ a bare Django page", str(scale), ours, bare, "MiB")


def superset_rows(server: Server, session: str, other: Superset, scale: str) -> Iterator[Result]:
    """Call after P5, which sends its queries to both servers."""
    ours = _memory_used(server, f"{settings.SESSION_COOKIE_NAME}={session}", PAGES)
    theirs = _memory_used(
        other.server, f"session={other.session}", (f"/superset/dashboard/{other.dashboard}/",)
    )
    title = f"P17 memory of the service, two workers, idle after use, {vendor()} ÷ Superset"
    yield Result(title, scale, ours, theirs, "MiB", GOAL)


def _memory_used(server: Server, cookie: str, pages: tuple[str, ...]) -> float:
    """MiB of the server's processes, some seconds after requesting the pages."""
    for page in pages * TIMES:
        answer, _ = http_request(server.address, "GET", page, {"Cookie": cookie})
        if answer.status != 200:
            raise RuntimeError(f"{page}: {answer.status}")
    time.sleep(QUIET)
    return sum(_proportional_set_size(pid) for pid in _process_tree(server.pid)) / 1024


def _process_tree(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from _process_tree(int(child))


def _proportional_set_size(pid: int) -> int:
    """In KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
