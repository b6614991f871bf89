"""Closing times: a committee sets, changes or removes when one month locks for all units below it.

A submission carries the closing time that binds it. Log first, then look for submissions: on PostgreSQL the writers of
the log wait for each other until the commit, so that a month opened at the same moment is never missed.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from figures.periods import Calendar, Month
from ledger import log
from records.models import ClosingTime, Submission
from records.queries.calendar import calendar
from records.queries.closing import Times, binding, times_of
from units.models import Unit, subtree

from .errors import Refused

_WRITTEN_AT_ONCE = 500


@transaction.atomic
def set_closing_time(
    unit: Unit, month: Month, closes_at: datetime, *, by: Any, at: datetime, days: Calendar | None = None
) -> ClosingTime:
    """Close a month for every unit below `unit` once `closes_at` (aware) is over; replaces what was set before.

    Existing submissions take it over where this committee is the nearest one above that closes the month; those that
    were returned since stay open. A moment that is over already locks at once. Errors: Refused("too_early") while the
    month has not ended by then.
    """
    end = (days or calendar()).span(month).end
    if timezone.localdate(closes_at) <= end:
        raise Refused("too_early", f"Giờ chốt phải sau ngày cuối của {month.label}.")
    kept = ClosingTime.objects.select_for_update().filter(unit=unit, month=month.number).first()
    before = kept.closes_at if kept else None
    if before == closes_at:
        return kept
    _record("set", unit, month, closes_at, before, by, at)
    times = times_of([month.number])[month.number]
    found, _ = ClosingTime.objects.update_or_create(
        unit=unit, month=month.number, defaults={"closes_at": closes_at}
    )
    _take_over(unit, month, times, times | {unit.pk: closes_at})
    return found


@transaction.atomic
def remove_closing_time(closing: ClosingTime, *, by: Any, at: datetime) -> None:
    """Take a closing time back: the next committee above that set one binds, else nothing does.

    Errors: Refused("gone") where somebody else did so first.
    """
    kept = ClosingTime.objects.select_for_update(of=("self",)).select_related("unit").filter(pk=closing.pk)
    found = kept.first()
    if found is None:
        raise Refused("gone", "Giờ chốt này đã được bỏ.")
    month = Month.from_number(found.month)
    _record("remove", found.unit, month, None, found.closes_at, by, at)
    times = times_of([found.month])[found.month]
    found.delete()
    rest = {unit: when for unit, when in times.items() if unit != found.unit_id}
    _take_over(found.unit, month, times, rest)


def close_as_set(submissions: Iterable[Submission]) -> None:
    """Give new submissions (with their units) the closing times that bind them; after the entry in the log that their
    making is worth. One query, and one more for each closing time.
    """
    new = list(submissions)
    times = times_of({one.month for one in new})
    for one in new:
        one.closes_at = binding(times[one.month], one.unit) if times[one.month] else None
    _write({one.pk: one.closes_at for one in new if one.closes_at is not None})


def _take_over(unit: Unit, month: Month, before: Times, after: Times) -> None:
    """Rewrite the submissions below that are bound by something else than before."""
    changed = {}
    below = Submission.objects.filter(subtree(unit.path, "unit__path"), month=month.number)
    for one in below.select_related("unit"):
        was, now = binding(before, one.unit), binding(after, one.unit)
        # One that does not carry what bound it was returned, and so opened.
        if was != now and one.closes_at == was:
            changed[one.pk] = now
    _write(changed)


def _write(changed: dict[int, datetime | None]) -> None:
    for closes_at in set(changed.values()):
        numbers = [pk for pk, when in changed.items() if when == closes_at]
        for start in range(0, len(numbers), _WRITTEN_AT_ONCE):
            within = Submission.objects.filter(pk__in=numbers[start : start + _WRITTEN_AT_ONCE])
            within.update(closes_at=closes_at)


def _record(
    act: str,
    unit: Unit,
    month: Month,
    closes_at: datetime | None,
    before: datetime | None,
    by: Any,
    at: datetime,
) -> None:
    detail = {"unit": unit.code, "month": str(month), "closes_at": closes_at, "before": before}
    log.append(f"closing.{act}", by=by, subject=f"closing:{unit.pk}", detail=detail, at=at)
