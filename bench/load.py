"""P10: the last afternoon of a month. Clerks save, leadership looks, two reviews are drawn, all at once over HTTP.

The loop is open: a request starts at its time whatever became of those before it, and its wait counts from that time.
The client takes its share of the same cores.
"""

import http.client
import itertools
import json
import queue
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from accounts.models import User
from records.generate.country import HALF_YEAR, START
from records.models import Field
from reports.drafting import actions
from units.models import Membership, Role, Unit

from .databases import use, vendor
from .measurement import Result
from .saves import AT, opened
from .server import TOKEN, ask, serving, session_of

SAVES, DASHBOARDS = 60.0, 3.0  # a second
REVIEWS_EVERY = 60.0  # seconds between two pairs of reviews, drawn anew
SAVES_OF_ONE = 40  # by each clerk
FEWEST = 60
LIMIT = 500.0
HANDS = 200  # requests under way at once, at most
STEP, STEP_SECONDS = 1.25, 20.0
LEAST, MOST = 1.0, 1_000.0  # saves a second, between which it is looked for
SAVE, DASHBOARD, REVIEW = "save", "dashboard", "review"
Answer = tuple[str, float, bool]  # what was asked for, milliseconds, whether it was answered as it should be


@dataclass
class Clerk:
    """One month under somebody's hands: one saving at a time, each upon the revision of the one before."""

    submission: int
    session: str
    revision: int = 0


@dataclass
class Afternoon:
    """Who asks, and for what. `clerks` holds those who do not save just now."""

    address: str
    reader: str
    clerks: queue.SimpleQueue[Clerk]
    fields: list[str]
    units: list[str]
    reviews: list[int]
    luck: random.Random = field(default_factory=lambda: random.Random(1))

    def save(self) -> bool:
        """Three numbers of a field, as the page sends them."""
        clerk = self.clerks.get()
        code = self.luck.choice(self.fields)
        names = ("received_direct", "resolved_on_time", "pending_in_time")
        cells = {f"{code}-{name}": str(self.luck.randrange(1000)) for name in names}
        body = {"key": f"{self.luck.getrandbits(128):032x}", "revision": clerk.revision, "cells": cells}
        try:
            status, content = self._ask(
                "POST", f"/records/{clerk.submission}/cells/", clerk.session, json.dumps(body)
            )
            if status == 200:
                clerk.revision = json.loads(content)["revision"]
            return status == 200
        finally:
            self.clerks.put(clerk)

    def look(self) -> bool:
        """A dashboard of the country or of one of its provinces."""
        return self._ask("GET", f"/?unit={self.luck.choice(self.units)}", self.reader)[0] == 200

    def draw(self, number: int) -> bool:
        """A review that is not kept from the time before."""
        for path in (Path(settings.DATA_DIR) / "cache" / "drafts").glob("*.pdf"):
            path.unlink(missing_ok=True)
        status, content = self._ask("GET", f"/reports/reviews/{number}.pdf", self.reader)
        return status == 200 and content.startswith(b"%PDF")

    def _ask(self, method: str, path: str, session: str, body: str | None = None) -> tuple[int, bytes]:
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={TOKEN}"}
        if body is not None:
            headers |= {
                "Content-Type": "application/json",
                "Accept": "application/json",
                "X-CSRFToken": TOKEN,
            }
        answer, content = ask(self.address, method, path, headers, body)
        return answer.status, content


def rows(nation: tuple, seconds: float) -> Iterator[Result]:
    """Asked for through so many seconds; then faster by a quarter from step to step until it breaks, or slower until it
    holds.
    """
    connection, top, scale = nation
    with use(connection):
        afternoon = _afternoon(top, int(SAVES * seconds / SAVES_OF_ONE))
    connection.close()
    title = f"P10 {SAVES:.0f} saves/s, {DASHBOARDS:.0f} dashboards/s, two reviews, {vendor()}"
    lasting = f"{scale}, {afternoon.clerks.qsize():,} clerks, {seconds:.0f} s"
    with serving(connection) as server:
        afternoon.address = server.address
        _run(afternoon, SAVES, 5.0)  # the first pages of each worker
        found = _run(afternoon, SAVES, seconds)
        _say(found)
        for what in (SAVE, DASHBOARD):
            yield Result(f"{title}: p95 of a {what} ÷ limit", lasting, _p95(found, what), LIMIT, goal=1.0)
        wrong = sum(not right for _, _, right in found)
        yield Result(f"{title}: errors ÷ requests", lasting, wrong, len(found), "requests", 0.0)
        borne = _until_it_breaks(afternoon, SAVES, held=_held(found))
    yield Result(
        f"P10 saves/s asked for ÷ the most that are borne, {vendor()}", lasting, SAVES, borne, "1/s", 1.0
    )


def _until_it_breaks(afternoon: Afternoon, rate: float, *, held: bool) -> float:
    """The highest rate, by steps, at which nothing fails and p95 keeps to the limit: upwards from one that was held,
    else downwards from one that was not.
    """
    while LEAST < rate < MOST:
        other = rate * STEP if held else rate / STEP
        print(f"{other:.0f} saves a second:", file=sys.stderr)
        found = _run(afternoon, other, STEP_SECONDS)
        _say(found)
        if _held(found) != held:
            return rate if held else other
        rate = other
    return rate


def _held(found: list[Answer]) -> bool:
    return all(right for _, _, right in found) and all(
        _p95(found, what) <= LIMIT for what in (SAVE, DASHBOARD)
    )


def _run(afternoon: Afternoon, rate: float, seconds: float) -> list[Answer]:
    """Everything asked for within so many seconds, at so many saves a second, and answered."""
    plan = iter(_plan(afternoon, rate, seconds))
    turn = threading.Lock()
    found: list[Answer] = []
    start = time.perf_counter() + 0.1

    def hand() -> None:
        while True:
            with turn:
                one = next(plan, None)
            if one is None:
                return
            at, what, ask = one
            time.sleep(max(0.0, start + at - time.perf_counter()))
            try:
                right = ask()
            except (OSError, http.client.HTTPException):
                right = False
            found.append((what, 1000 * (time.perf_counter() - start - at), right))

    hands = [threading.Thread(target=hand) for _ in range(HANDS)]
    for one in hands:
        one.start()
    for one in hands:
        one.join()
    return found


def _plan(afternoon: Afternoon, rate: float, seconds: float) -> list[tuple[float, str, Callable[[], bool]]]:
    """(seconds from the start, what, how), evenly spread."""
    plan: list[tuple[float, str, Callable[[], bool]]] = []
    plan += [(place / rate, SAVE, afternoon.save) for place in range(int(rate * seconds))]
    plan += [(place / DASHBOARDS, DASHBOARD, afternoon.look) for place in range(int(DASHBOARDS * seconds))]
    for pair in itertools.takewhile(lambda pair: pair * REVIEWS_EVERY < seconds, itertools.count()):
        for number in afternoon.reviews:
            plan.append((1 + pair * REVIEWS_EVERY, REVIEW, lambda number=number: afternoon.draw(number)))
    return sorted(plan, key=lambda one: one[0])


def _afternoon(top: Unit, number: int) -> Afternoon:
    """So many clerks, each signed in and with a correction of the latest month of a unit of their own."""
    provinces = list(Unit.objects.filter(parent=top).order_by("pk"))
    places = opened(max(number, FEWEST))
    people = [User(username=f"load-{unit}", full_name=f"Công chức {unit}", demo=True) for _, unit in places]
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(
        Membership(user=user, unit_id=unit, role=Role.CLERK, valid_from=START)
        for user, (_, unit) in zip(people, places, strict=True)
    )
    clerks: queue.SimpleQueue[Clerk] = queue.SimpleQueue()
    for user, (edition, _) in zip(people, places, strict=True):
        clerks.put(Clerk(edition.submission_id, session_of(user)))
    drafts = [
        actions.open_full_draft(province, HALF_YEAR, by=None, at=AT, demo=True) for province in provinces[:2]
    ]
    return Afternoon(
        address="",
        reader=session_of(User.objects.get(username="reader")),
        clerks=clerks,
        fields=list(Field.objects.exclude(code=Field.UNDIVIDED).values_list("code", flat=True)),
        units=[top.code, *(province.code for province in provinces)],
        reviews=[draft.pk for draft in drafts],
    )


def _p95(found: list[Answer], what: str) -> float:
    return _cuts([spent for one, spent, _ in found if one == what])[94]


def _cuts(spent: list[float]) -> list[float]:
    """The 99 percentiles."""
    return statistics.quantiles(spent * 2 if len(spent) == 1 else spent, n=100, method="inclusive")


def _say(found: list[Answer]) -> None:
    """p50, p95, p99 and the slowest of each kind, in milliseconds."""
    count, wrong = (
        Counter(what for what, _, _ in found),
        Counter(what for what, _, right in found if not right),
    )
    print(f"{'':12}{'requests':>9}{'errors':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}", file=sys.stderr)
    for what in count:
        spent = sorted(each for one, each, _ in found if one == what)
        cuts = _cuts(spent)
        numbers = (cuts[49], cuts[94], cuts[98], spent[-1])
        print(
            f"{what:12}{count[what]:9}{wrong[what]:8}" + "".join(f"{number:8.0f}" for number in numbers),
            file=sys.stderr,
        )
