"""P10: the last afternoon of a month. Clerks save, leadership reads, two reviews are rendered, all over HTTP.

The loop is open: each request starts at its planned time, and its wait counts from then. The client shares the cores.
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
from .saves import AT, open_corrections
from .server import TOKEN, http_request, serving, session_cookie

SAVES, DASHBOARDS = 60.0, 3.0  # a second
REVIEWS_EVERY = 60.0  # seconds between two pairs of uncached reviews
SAVES_OF_ONE = 40  # by each clerk
FEWEST = 60
LIMIT = 500.0
THREADS = 200  # requests under way at once, at most
STEP, STEP_SECONDS = 1.25, 20.0
LEAST, MOST = 1.0, 1_000.0  # saves a second: the range of the search
SAVE, DASHBOARD, REVIEW = "save", "dashboard", "review"
Answer = tuple[str, float, bool]  # kind of request, milliseconds, whether the response is right


@dataclass
class Clerk:
    """A clerk's open month: one save at a time, each based on the revision of the previous."""

    submission: int
    session: str
    revision: int = 0


@dataclass
class Afternoon:
    """Everything the requests need. `clerks` holds those who are idle."""

    address: str
    reader: str
    clerks: queue.SimpleQueue[Clerk]
    fields: list[str]
    units: list[str]
    reviews: list[int]
    luck: random.Random = field(default_factory=lambda: random.Random(1))

    def save(self) -> bool:
        """Save three numbers of a field, as the page does."""
        clerk = self.clerks.get()
        code = self.luck.choice(self.fields)
        names = ("received_direct", "resolved_on_time", "pending_in_time")
        cells = {f"{code}-{name}": str(self.luck.randrange(1000)) for name in names}
        body = {"key": f"{self.luck.getrandbits(128):032x}", "revision": clerk.revision, "cells": cells}
        try:
            status, content = self._request(
                "POST", f"/records/{clerk.submission}/cells/", clerk.session, json.dumps(body)
            )
            if status == 200:
                clerk.revision = json.loads(content)["revision"]
            return status == 200
        finally:
            self.clerks.put(clerk)

    def look(self) -> bool:
        """Open a dashboard of the country or a province."""
        return self._request("GET", f"/?unit={self.luck.choice(self.units)}", self.reader)[0] == 200

    def draw(self, number: int) -> bool:
        """Render a review that is not cached."""
        for path in (Path(settings.DATA_DIR) / "cache" / "drafts").glob("*.pdf"):
            path.unlink(missing_ok=True)
        status, content = self._request("GET", f"/reports/reviews/{number}.pdf", self.reader)
        return status == 200 and content.startswith(b"%PDF")

    def _request(self, method: str, path: str, session: str, body: str | None = None) -> tuple[int, bytes]:
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={TOKEN}"}
        if body is not None:
            headers |= {
                "Content-Type": "application/json",
                "Accept": "application/json",
                "X-CSRFToken": TOKEN,
            }
        answer, content = http_request(self.address, method, path, headers, body)
        return answer.status, content


def rows(nation: tuple, seconds: float) -> Iterator[Result]:
    """The planned rate for `seconds`; then a quarter faster with each step until it fails, or slower until it holds."""
    connection, top, scale = nation
    with use(connection):
        afternoon = _prepare_afternoon(top, int(SAVES * seconds / SAVES_OF_ONE))
    connection.close()
    title = f"P10 {SAVES:.0f} saves/s, {DASHBOARDS:.0f} dashboards/s, two reviews, {vendor()}"
    conditions = f"{scale}, {afternoon.clerks.qsize():,} clerks, {seconds:.0f} s"
    with serving(connection) as server:
        afternoon.address = server.address
        _run(afternoon, SAVES, 5.0)  # the first pages of each worker
        answers = _run(afternoon, SAVES, seconds)
        _print_waits(answers)
        for what in (SAVE, DASHBOARD):
            yield Result(
                f"{title}: p95 of a {what} ÷ limit", conditions, _p95(answers, what), LIMIT, goal=1.0
            )
        errors = sum(not is_right for _, _, is_right in answers)
        yield Result(f"{title}: errors ÷ requests", conditions, errors, len(answers), "requests", 0.0)
        highest = _until_it_breaks(afternoon, SAVES, within_limits=_within_limits(answers))
    yield Result(
        f"P10 saves/s asked for ÷ the most that are borne, {vendor()}", conditions, SAVES, highest, "1/s", 1.0
    )


def _until_it_breaks(afternoon: Afternoon, rate: float, *, within_limits: bool) -> float:
    """The highest rate, by steps, without errors and with p95 within the limit: upwards from a rate that holds, else
    downwards.
    """
    while LEAST < rate < MOST:
        next_rate = rate * STEP if within_limits else rate / STEP
        print(f"{next_rate:.0f} saves a second:", file=sys.stderr)
        answers = _run(afternoon, next_rate, STEP_SECONDS)
        _print_waits(answers)
        if _within_limits(answers) != within_limits:
            return rate if within_limits else next_rate
        rate = next_rate
    return rate


def _within_limits(answers: list[Answer]) -> bool:
    return all(is_right for _, _, is_right in answers) and all(
        _p95(answers, what) <= LIMIT for what in (SAVE, DASHBOARD)
    )


def _run(afternoon: Afternoon, rate: float, seconds: float) -> list[Answer]:
    """Send all planned requests and collect their answers. `rate`: saves a second."""
    plan = iter(_plan(afternoon, rate, seconds))
    turn = threading.Lock()
    answers: list[Answer] = []
    start = time.perf_counter() + 0.1

    def work() -> None:
        while True:
            with turn:
                entry = next(plan, None)
            if entry is None:
                return
            at, what, act = entry
            time.sleep(max(0.0, start + at - time.perf_counter()))
            try:
                is_right = act()
            except (OSError, http.client.HTTPException):
                is_right = False
            answers.append((what, 1000 * (time.perf_counter() - start - at), is_right))

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _plan(afternoon: Afternoon, rate: float, seconds: float) -> list[tuple[float, str, Callable[[], bool]]]:
    """(seconds from the start, what, how), evenly spread."""
    plan: list[tuple[float, str, Callable[[], bool]]] = []
    plan += [(place / rate, SAVE, afternoon.save) for place in range(int(rate * seconds))]
    plan += [(place / DASHBOARDS, DASHBOARD, afternoon.look) for place in range(int(DASHBOARDS * seconds))]
    for pair in itertools.takewhile(lambda pair: pair * REVIEWS_EVERY < seconds, itertools.count()):
        for number in afternoon.reviews:
            plan.append((1 + pair * REVIEWS_EVERY, REVIEW, lambda number=number: afternoon.draw(number)))
    return sorted(plan, key=lambda entry: entry[0])


def _prepare_afternoon(top: Unit, number: int) -> Afternoon:
    """`number` signed-in clerks, each with an open correction of their unit's latest month."""
    provinces = list(Unit.objects.filter(parent=top).order_by("pk"))
    places = open_corrections(max(number, FEWEST))
    people = [User(username=f"load-{unit}", full_name=f"Công chức {unit}", demo=True) for _, unit in places]
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(
        Membership(user=user, unit_id=unit, role=Role.CLERK, valid_from=START)
        for user, (_, unit) in zip(people, places, strict=True)
    )
    clerks: queue.SimpleQueue[Clerk] = queue.SimpleQueue()
    for user, (edition, _) in zip(people, places, strict=True):
        clerks.put(Clerk(edition.submission_id, session_cookie(user)))
    drafts = [
        actions.open_full_draft(province, HALF_YEAR, by=None, at=AT, demo=True) for province in provinces[:2]
    ]
    return Afternoon(
        address="",
        reader=session_cookie(User.objects.get(username="reader")),
        clerks=clerks,
        fields=list(Field.objects.exclude(code=Field.UNDIVIDED).values_list("code", flat=True)),
        units=[top.code, *(province.code for province in provinces)],
        reviews=[draft.pk for draft in drafts],
    )


def _p95(answers: list[Answer], what: str) -> float:
    return _percentiles([spent for kind, spent, _ in answers if kind == what])[94]


def _percentiles(spent: list[float]) -> list[float]:
    """The 99 percentiles."""
    return statistics.quantiles(spent * 2 if len(spent) == 1 else spent, n=100, method="inclusive")


def _print_waits(answers: list[Answer]) -> None:
    """Print p50, p95, p99 and the maximum of each kind, in milliseconds."""
    count, errors = (
        Counter(what for what, _, _ in answers),
        Counter(what for what, _, is_right in answers if not is_right),
    )
    print(f"{'':12}{'requests':>9}{'errors':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}", file=sys.stderr)
    for what in count:
        spent = sorted(milliseconds for kind, milliseconds, _ in answers if kind == what)
        cuts = _percentiles(spent)
        numbers = (cuts[49], cuts[94], cuts[98], spent[-1])
        print(
            f"{what:12}{count[what]:9}{errors[what]:8}" + "".join(f"{number:8.0f}" for number in numbers),
            file=sys.stderr,
        )
