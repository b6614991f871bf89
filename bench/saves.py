"""P9: concurrent saving and sending of months, compared with the same without log and sums, and with plain Django."""

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
# Takes an edition's id, its unit's id and the place of its month; yields after each request of the page.
Save = Callable[[int, int, int], Iterator[None]]


def rows(nation: tuple) -> Iterator[Result]:
    """Saves in the latest month, where every unit has a report: the most expensive group sums."""
    connection, _, scale = nation
    limit = 100 if connection.vendor == "postgresql" else 250
    base = f"{vendor()}, {WRITERS} writers"
    with use(connection):
        drafts = [(draft.pk, unit) for draft, unit in open_corrections(TURNS * len(SIDES) * WRITERS * SAVES)]
    connection.close()
    turns = _measure(connection, scale, drafts)
    ours, without, plain = (1000 * statistics.median(wall for wall, _ in turns[side]) for side in SIDES)
    title = f"P9 save and send a month ÷ the same without history, log and sums, {base}"
    yield Result(title, f"{scale}", ours, without, "ms per save", 1.67)
    title = f"P9 save and send a month ÷ its rows by plain Django, unchecked, {base}"
    yield Result(title, f"{scale}", ours, plain, "ms per save")
    slowest = 1000 * statistics.quantiles([seconds for _, each in turns[_ours] for seconds in each], n=20)[-1]
    yield Result(
        f"P9 p95 of a request, saving or sending ÷ limit, {base}", f"{scale}", slowest, limit, goal=1.0
    )


def open_corrections(number: int) -> list[tuple[Edition, int]]:
    """Open `number` empty corrections of the latest month across the country; each with its unit's id."""
    approved = Edition.objects.filter(submission__month=LAST.number, state=State.APPROVED)
    untouched = approved.exclude(submission__editions__number=2).order_by("pk")
    places = list(untouched.values_list("submission_id", "submission__unit_id"))
    if len(places) < number:
        raise ValueError(f"{number} saves need as many units; the scale has {len(places)}")
    chosen = places[:: len(places) // number][:number]
    drafts = Edition.objects.bulk_create(
        Edition(submission_id=submission_id, number=2) for submission_id, _ in chosen
    )
    return [(draft, unit) for draft, (_, unit) in zip(drafts, chosen, strict=True)]


def _measure(connection: Any, scale: CountryScale, drafts: list) -> dict[Save, list]:
    """By side and turn: wall-clock seconds per month saved and sent, and the seconds of each request."""
    turns: dict[Save, list] = {side: [] for side in SIDES}
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(WRITERS, context, initializer=_join, initargs=(connection,)) as pool:
        for turn in range(TURNS):
            for save in SIDES if turn % 2 == 0 else SIDES[::-1]:
                shares = [[drafts.pop() for _ in range(SAVES)] for _ in range(WRITERS)]
                start = time.perf_counter()
                durations = list(pool.map(_work, [save] * WRITERS, shares, [scale.months] * WRITERS))
                wall = (time.perf_counter() - start) / (WRITERS * SAVES)
                if turn:
                    turns[save].append((wall, [seconds for each in durations for seconds in each]))
    return turns


def _join(connection: Any) -> None:
    """Open the worker's own connection; a forked process must not share its parent's."""
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
    draft = Edition.objects.get(pk=edition)
    draft = actions.save_counts(draft, _numbers(unit, place), by=clerk, revision=0, at=AT)
    yield
    actions.send_edition(draft, by=clerk, at=AT)
    yield


def _without_log_and_sums(edition: int, unit: int, place: int) -> Iterator[None]:
    """The product's saving and sending with validation, but without log and group sums."""
    with patch("ledger.log.append"), patch("records.stored_sums.group_sums.refresh_group_sums"):
        yield from _ours(edition, unit, place)


def _plain(edition: int, unit: int, place: int) -> Iterator[None]:
    clerk = User.objects.get(username=f"clerk-{1 + unit % 8}")
    with transaction.atomic():
        draft = Edition.objects.select_for_update().get(pk=edition)
        counts = [
            DossierCount(edition=draft, field_id=field, answered=True, **numbers)
            for (field, _), numbers in _numbers(unit, place).items()
        ]
        DossierCount.objects.bulk_create(counts)
        draft.state, draft.sent_at, draft.sent_by = State.SENT, AT, str(clerk)
        draft.save()
    yield


SIDES: tuple[Save, ...] = (_ours, _without_log_and_sums, _plain)
