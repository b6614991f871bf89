"""P9: a month's form saved and sent by many at once, beside the same without log and sums, and beside plain Django."""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from django.db import connections, transaction

from accounts.models import User
from records.generate.country import LAST, CountryScale
from records.models import DossierCount, Edition, Field, State
from records.submissions import actions

from .counters import values
from .databases import use, vendor
from .measurement import Result

AT = datetime(2026, 1, 18, 8, tzinfo=UTC)
WRITERS = 8
SAVES = 5  # of each writer in one turn
TURNS = 6  # the first does not count
# Of an edition, its unit and the place of its month; a step for each request that the page makes.
Save = Callable[[int, int, int], Iterator[None]]


def rows(nation: tuple) -> Iterator[Result]:
    """All of it in the latest month, in which every unit has a report: the dearest sums that a sending can meet."""
    connection, _, scale = nation
    limit = 100 if connection.vendor == "postgresql" else 250
    base = f"{vendor()}, {WRITERS} writers"
    with use(connection):
        drafts = [(draft.pk, unit) for draft, unit in opened(TURNS * len(SIDES) * WRITERS * SAVES)]
    connection.close()
    turns = _measured(connection, scale, drafts)
    ours, without, plain = (1000 * statistics.median(wall for wall, _ in turns[side]) for side in SIDES)
    title = f"P9 save and send a month ÷ the same without history, log and sums, {base}"
    yield Result(title, f"{scale}", ours, without, "ms per save", 1.67)
    title = f"P9 save and send a month ÷ its rows by plain Django, unchecked, {base}"
    yield Result(title, f"{scale}", ours, plain, "ms per save")
    slowest = 1000 * statistics.quantiles([one for _, each in turns[_ours] for one in each], n=20)[-1]
    yield Result(
        f"P9 p95 of a request, saving or sending ÷ limit, {base}", f"{scale}", slowest, limit, goal=1.0
    )


def opened(number: int) -> list[tuple[Edition, int]]:
    """Corrections of the latest month, opened and still empty, spread over the country, each with its unit's number."""
    approved = Edition.objects.filter(submission__month=LAST.number, state=State.APPROVED)
    untouched = approved.exclude(submission__editions__number=2).order_by("pk")
    places = list(untouched.values_list("submission_id", "submission__unit_id"))
    if len(places) < number:
        raise ValueError(f"{number} saves need as many units; the scale has {len(places)}")
    chosen = places[:: len(places) // number][:number]
    drafts = Edition.objects.bulk_create(Edition(submission_id=one, number=2) for one, _ in chosen)
    return [(draft, unit) for draft, (_, unit) in zip(drafts, chosen, strict=True)]


def _measured(connection: Any, scale: CountryScale, drafts: list) -> dict[Save, list]:
    """For each side, turn by turn: seconds on the wall clock for a month saved and sent, and those of each request."""
    found: dict[Save, list] = {side: [] for side in SIDES}
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(WRITERS, context, initializer=_join, initargs=(connection,)) as pool:
        for turn in range(TURNS):
            for save in SIDES if turn % 2 == 0 else SIDES[::-1]:
                shares = [[drafts.pop() for _ in range(SAVES)] for _ in range(WRITERS)]
                start = time.perf_counter()
                done = list(pool.map(_work, [save] * WRITERS, shares, [scale.months] * WRITERS))
                wall = (time.perf_counter() - start) / (WRITERS * SAVES)
                if turn:
                    found[save].append((wall, [one for each in done for one in each]))
    return found


def _join(connection: Any) -> None:
    """A writer's own connection; a forked process must not speak through its parent's."""
    connections["default"] = connection.copy()


def _work(save: Save, share: list[tuple[int, int]], place: int) -> list[float]:
    seconds = []
    for edition, unit in share:
        start = time.perf_counter()
        for _ in save(edition, unit, place):
            seconds.append(time.perf_counter() - start)
            start = time.perf_counter()
    return seconds


def _numbers(unit: int, place: int) -> dict[tuple[int, None], dict[str, int]]:
    fields = Field.objects.exclude(code=Field.UNDIVIDED).values_list("pk", flat=True)
    return {(field, None): values(unit, field, place) for field in fields}


def _ours(edition: int, unit: int, place: int) -> Iterator[None]:
    clerk = User.objects.get(username=f"clerk-{1 + unit % 8}")
    one = Edition.objects.get(pk=edition)
    one = actions.save_counts(one, _numbers(unit, place), by=clerk, revision=0, at=AT)
    yield
    actions.send_edition(one, by=clerk, at=AT)
    yield


def _without(edition: int, unit: int, place: int) -> Iterator[None]:
    """The product's own saving and sending, its checks and all, but without what remembers and adds up."""
    with patch("ledger.log.append"), patch("records.aggregates.group_sums.refresh_group_sums"):
        yield from _ours(edition, unit, place)


def _plain(edition: int, unit: int, place: int) -> Iterator[None]:
    clerk = User.objects.get(username=f"clerk-{1 + unit % 8}")
    with transaction.atomic():
        one = Edition.objects.select_for_update().get(pk=edition)
        counts = [
            DossierCount(edition=one, field_id=field, answered=True, **numbers)
            for (field, _), numbers in _numbers(unit, place).items()
        ]
        DossierCount.objects.bulk_create(counts)
        one.state, one.sent_at, one.sent_by = State.SENT, AT, str(clerk)
        one.save()
    yield


SIDES: tuple[Save, ...] = (_ours, _without, _plain)
