"""P5b: a first visit of a dashboard in Chromium with an empty cache, until its last chart is drawn."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from playwright.sync_api import Browser, sync_playwright

from accounts.models import User
from tests.support.chromium import launch_options

from .databases import use, vendor
from .measurement import Result
from .server import serving, session_cookie
from .superset import Superset

TIMES = 11
TIME, BYTES = 0.15, 0.05
# Milliseconds to wait in a new window: Chromium loads some two hundred scripts of its own there, which would take
# both cores from the page.
AT_REST = 1_500
# Superset 6.1 with three charts, measured once on two cores: the reference where it is not installed.
SUPERSET = (2_300.0, 3.0e6, 62)
# Milliseconds since navigation once everything is drawn, else false.
OURS = """() => {
    const charts = [...document.querySelectorAll(".chart")];
    return charts.length > 0 && charts.every((one) => one.dataset.drawn) && performance.now();
}"""
# Superset's charts are animated for another second: their first frame counts.
THEIRS = """() => document.querySelectorAll(".dashboard canvas").length >= 3
    && !document.querySelector(".dashboard .loading") && performance.now()"""


@dataclass(frozen=True)
class Place:
    """A page to visit: its address, the session cookie (name, value), and the script that tells when it is drawn."""

    address: str
    cookie: tuple[str, str]
    drawn: str


def rows(nation: tuple) -> Iterator[Result]:
    """`nation`: (connection, top unit, scale); compared with an earlier measurement of Superset."""
    connection, _, scale = nation
    with use(connection):
        session = session_cookie(User.objects.get(username="reader"))
    with serving(connection) as server, _browser() as browser:
        place = _dashboard(server.address, session)
        visits = [_visit(browser, place) for _ in range(1 + TIMES)][1:]
    ours = [statistics.median(column) for column in zip(*visits, strict=True)]
    yield from _results(ours, SUPERSET, "Superset in a trial", str(scale))


def superset_rows(address: str, session: str, other: Superset, scale: str) -> Iterator[Result]:
    """Alternating visits, after one uncounted visit of each."""
    superset_address = f"{other.server.address}/superset/dashboard/{other.dashboard}/"
    places = [_dashboard(address, session), Place(superset_address, ("session", other.session), THEIRS)]
    visits: dict[Place, list[tuple[float, ...]]] = {place: [] for place in places}
    with _browser() as browser:
        for turn in range(1 + TIMES):
            for place in places if turn % 2 == 0 else reversed(places):
                visits[place].append(_visit(browser, place))
    ours, reference = (
        [statistics.median(column) for column in zip(*visits[place][1:], strict=True)] for place in places
    )
    yield from _results(ours, reference, "Superset", scale)


def _results(ours: list[float], reference: Any, named: str, scale: str) -> Iterator[Result]:
    heads = (("time", "ms", 1, TIME), ("bytes", "KiB", 1024, BYTES), ("requests", "requests", 1, None))
    for (measure, unit, part, goal), our_value, reference_value in zip(heads, ours, reference, strict=True):
        title = f"P5b first visit of a dashboard in Chromium: {measure} ÷ {named}, {vendor()}"
        yield Result(title, scale, our_value / part, reference_value / part, unit, goal)


def _dashboard(address: str, session: str) -> Place:
    return Place(f"{address}/", (settings.SESSION_COOKIE_NAME, session), OURS)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


def _visit(browser: Browser, place: Place) -> tuple[float, float, float]:
    """Milliseconds, transferred bytes and requests until the last chart is drawn."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
    name, value = place.cookie
    context.add_cookies([{"name": name, "value": value, "url": place.address}])
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    sizes: list[float] = []
    devtools.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.wait_for_timeout(AT_REST)
    page.goto(place.address, wait_until="commit")
    spent = page.wait_for_function(place.drawn, polling="raf", timeout=60_000).json_value()
    context.close()
    return spent, sum(sizes), len(sizes)
