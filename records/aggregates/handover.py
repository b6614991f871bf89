"""What a closed unit hands over to its successor inside one reporting month, so that it counts once."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from django.db.models import Q, QuerySet

from records.calendar.queries import stored_calendar
from records.models import Submission
from units.models import Succession, Unit

_CHUNK = 500
_FLAGS = ("opens", "closes")


def mark_handovers(units: Iterable[Unit], months: Collection[int]) -> None:
    """Set what counts of these units' reports of these months, which are new."""
    _set_handovers({unit.pk for unit in units}, months, new=True)


def update_handovers(units: Iterable[Unit], months: Collection[int]) -> None:
    """Bring it up to date after successions were recorded or taken back."""
    _set_handovers({unit.pk for unit in units}, months)


def months_split_by(days: Iterable[date]) -> set[int]:
    """Numbers of the months that these days lie in, but for those that a month begins with."""
    spans = stored_calendar()
    found = {day: spans.month_of(day) for day in days}
    return {month.number for day, month in found.items() if spans.span(month).start < day}


def wrong_handover_marks() -> Iterator[tuple[Submission, dict[str, bool]]]:
    """Reports that are not marked as a recount marks them, with what must be."""
    handed = _uncounted_sides(Q())
    months = {month for _, month, _ in handed}
    marked = Submission.objects.filter(Q(opens=False) | Q(closes=False) | Q(month__in=months))
    for one in marked.order_by("pk"):
        right = {flag: (one.unit_id, one.month, flag) not in handed for flag in _FLAGS}
        if differs := {flag: counts for flag, counts in right.items() if counts != getattr(one, flag)}:
            yield one, differs


def _set_handovers(numbers: Collection[int], months: Collection[int], *, new: bool = False) -> None:
    ordered = sorted(numbers)
    for start in range(0, len(ordered), _CHUNK):
        some = ordered[start : start + _CHUNK]
        handed = _uncounted_sides(Q(old__in=some) | Q(new__in=some))
        if handed or not new:
            _write(Submission.objects.filter(unit__in=some, month__in=months), handed)


def _uncounted_sides(links: Q) -> set[tuple[int, int, str]]:
    """Number of the unit and of the month, and what does not count of its report, by these successions."""
    between = Succession.objects.filter(links, old__reports=True, new__reports=True).order_by()
    rows = list(between.values_list("old", "new", "on"))
    spans = stored_calendar() if rows else None
    months = {on: spans.month_of(on) for _, _, on in rows}
    found = set()
    for old, new, on in rows:
        if spans.span(months[on]).start < on:
            found |= {(new, months[on].number, "opens"), (old, months[on].number, "closes")}
    return found


def _write(reports: QuerySet[Submission], handed: set[tuple[int, int, str]]) -> None:
    changed: dict[tuple[bool, bool], list[int]] = {}
    for pk, unit, month, *kept in reports.values_list("pk", "unit", "month", *_FLAGS):
        right = tuple((unit, month, flag) not in handed for flag in _FLAGS)
        if right != tuple(kept):
            changed.setdefault(right, []).append(pk)
    for right, numbers in changed.items():
        Submission.objects.filter(pk__in=numbers).update(**dict(zip(_FLAGS, right, strict=True)))
