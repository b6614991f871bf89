"""P5b: a dashboard's first visit in Chromium, with nothing kept, until its last chart stands: time, bytes, requests."""

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
from .server import serving, session_of
from .superset import Superset

TIMES = 11
TIME, BYTES = 0.15, 0.05
# Milliseconds that a new window is left alone: Chromium loads pages of its own into each, some two hundred scripts of
# its address bar, which took both cores from the page that was asked for at once.
AT_REST = 1_500
# Superset 6.1 with three charts, measured once on two cores: what stands as the limit where it is not installed.
SUPERSET = (2_300.0, 3.0e6, 62)
# Milliseconds since the page was asked for, once everything is drawn; false before.
OURS = """() => {
    const charts = [...document.querySelectorAll(".chart")];
    return charts.length > 0 && charts.every((one) => one.dataset.drawn) && performance.now();
}"""
# Its charts draw themselves in motion for another second: they count from their first picture on.
THEIRS = """() => document.querySelectorAll(".dashboard canvas").length >= 3
    && !document.querySelector(".dashboard .loading") && performance.now()"""


@dataclass(frozen=True)
class Place:
    """A page to visit: its address, the name and value of the cookie of who is signed in, and when it is drawn."""

    address: str
    cookie: tuple[str, str]
    drawn: str


def rows(nation: tuple) -> Iterator[Result]:
    """`nation`: (connection, top unit, scale); beside what Superset took in a trial."""
    connection, _, scale = nation
    with use(connection):
        session = session_of(User.objects.get(username="reader"))
    with serving(connection) as server, _browser() as browser:
        place = _ours(server.address, session)
        found = [_visited(browser, place) for _ in range(1 + TIMES)][1:]
    ours = [statistics.median(column) for column in zip(*found, strict=True)]
    yield from _results(ours, SUPERSET, "Superset in a trial", str(scale))


def beside(address: str, session: str, other: Superset, scale: str) -> Iterator[Result]:
    """By turns, who goes first alternating, after one visit of each that does not count."""
    theirs = f"{other.server.address}/superset/dashboard/{other.dashboard}/"
    places = [_ours(address, session), Place(theirs, ("session", other.session), THEIRS)]
    found: dict[Place, list[tuple[float, ...]]] = {place: [] for place in places}
    with _browser() as browser:
        for turn in range(1 + TIMES):
            for place in places if turn % 2 == 0 else reversed(places):
                found[place].append(_visited(browser, place))
    ours, reference = (
        [statistics.median(column) for column in zip(*found[place][1:], strict=True)] for place in places
    )
    yield from _results(ours, reference, "Superset", scale)


def _results(ours: list[float], reference: Any, named: str, scale: str) -> Iterator[Result]:
    heads = (("time", "ms", 1, TIME), ("bytes", "KiB", 1024, BYTES), ("requests", "requests", 1, None))
    for (told, unit, part, goal), one, other in zip(heads, ours, reference, strict=True):
        title = f"P5b first visit of a dashboard in Chromium: {told} ÷ {named}, {vendor()}"
        yield Result(title, scale, one / part, other / part, unit, goal)


def _ours(address: str, session: str) -> Place:
    return Place(f"{address}/", (settings.SESSION_COOKIE_NAME, session), OURS)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


def _visited(browser: Browser, place: Place) -> tuple[float, float, float]:
    """Milliseconds, bytes on the way and requests until the last chart stands."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="vi-VN")
    name, value = place.cookie
    context.add_cookies([{"name": name, "value": value, "url": place.address}])
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    came: list[float] = []
    wire.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    page.wait_for_timeout(AT_REST)
    page.goto(place.address, wait_until="commit")
    spent = page.wait_for_function(place.drawn, polling="raf", timeout=60_000).json_value()
    context.close()
    return spent, sum(came), len(came)
