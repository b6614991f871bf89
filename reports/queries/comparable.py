"""Against the same period last year only those units count that owed reports throughout both periods.

By today's units history is carried over and nothing is left out. As reported, a unit that opened or closed meanwhile is
taken out of both sides, and named.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from figures.compared import Compared
from figures.counts import Tally
from figures.periods import Month, Period
from figures.summary import Summary, build
from records.queries.question import Question
from records.queries.rows import tally_in, totals
from records.queries.summary import Monthly
from units.models import Unit, owing


class Left(NamedTuple):
    """Of a unit that is left out what is told of it: after a merger of the country these are all of its communes."""

    pk: int
    tier: str
    name: str
    active_from: date
    # The last day on which it reports itself, where there is one.
    until: date | None


def comparison(reach: Question, monthly: Monthly, before: Summary, period: Period) -> Compared | None:
    """None where the same units owed both periods. `monthly` holds the months of both, by tier. One query then (none of
    a unit without any below), else three.
    """
    if not changed(reach, period):
        return None
    spans = dict(zip(reach.months, reach.spans, strict=True))
    earlier, (first_end, last_start) = period.same_last_year(), _ends(reach, period)
    months = [*earlier.months, *period.months]
    units = [Left(*row) for row in _left_out(reach, spans, earlier, period, first_end, last_start)]
    if not units:
        return None
    taken = _taken(reach, units, months, spans)
    tiers = {tier: [*parts, *taken.get(tier, ())] for tier, parts in monthly.items()}
    sides = [
        build(
            unit=before.unit,
            unit_name=before.unit_name,
            period=when,
            tiers=tiers,
            calendar=reach.days,
            include=before.include,
            external=before.external,
            decimals=before.decimals,
        )
        for when in (period, earlier)
    ]
    return Compared(*sides, tuple(unit.name for unit in units))


def changed(reach: Question, period: Period) -> bool:
    """Whether units opened or closed between the two periods, so that not all can be compared; never by today's units.
    One query, none where the roster of the rows has been read.
    """
    if reach.today is not None or reach.as_of is not None or not reach.unit.has_children:
        return False
    return _changed(reach, reach.unit.pk, *_ends(reach, period))


def _ends(reach: Question, period: Period) -> tuple[date, date]:
    """The last day of the first month last year, and the first day of the last month of the period."""
    spans = dict(zip(reach.months, reach.spans, strict=True))
    return spans[period.same_last_year().first][1], spans[period.last][0]


def same_rows(reach: Question, period: Period) -> set[int] | None:
    """Numbers of the units directly below (and of the unit itself) in which the same units owed reports throughout the
    period and the same period last year; None for all of them: by today's units history is carried over. No query
    where the roster of the rows has been read.
    """
    if reach.today is not None:
        return None
    first_end, last_start = _ends(reach, period)
    return {
        one.pk
        for one in (reach.unit, *reach.children)
        if (
            not _changed(reach, one.pk, first_end, last_start)
            if one.has_children and one.pk != reach.unit.pk
            else one.owes(first_end, first_end) and one.owes(last_start, last_start)
        )
    }


def _changed(reach: Question, group: int, first_end: date, last_start: date) -> bool:
    """Whether below a group anything opened or closed between the first month of one period and the last of the
    other.
    """
    return any(
        (opened and on > first_end) or (closed and on < last_start)
        for tier, on, opened, closed in reach.steps_of(group)
        if reach.tier in (None, tier) and reach.start <= on <= reach.end
    )


def _left_out(reach: Question, spans, earlier: Period, period: Period, first_end: date, last_start: date):
    owed = owing(spans[earlier.first][0], spans[earlier.last][1])
    owed |= owing(spans[period.first][0], spans[period.last][1])
    throughout = Q(active_from__lte=first_end) & (Q(until=None) | Q(until__gte=last_start))
    units = Unit.objects.filter(reach.within()).annotate(until=Coalesce("reports_until", "active_until"))
    return units.filter(owed).exclude(throughout).order_by("folded", "pk").values_list(*Left._fields)


def _taken(reach: Question, units: Iterable[Left], months: list[Month], spans) -> Monthly:
    """What these units reported and owed, with the sign turned: added to the whole it leaves the others."""
    found: Monthly = defaultdict(list)
    editions = reach.editions.filter(
        submission__unit__in=[unit.pk for unit in units],
        submission__month__in=[month.number for month in months],
    )
    rows = editions.order_by().values_list("submission__month", "submission__unit__tier")
    for month, tier, reported, *numbers in rows.annotate(_reported=Count("pk"), **totals()):
        found[tier].append((reach.by_number[month], _negative(tally_in(numbers, reported))))
    # Thousands of them open and close on a handful of days.
    kinds = Counter((unit.tier, unit.active_from, unit.until) for unit in units)
    for (tier, since, until), number in kinds.items():
        for month in months:
            start, end = spans[month]
            if since <= end and (until is None or until >= start):
                found[tier].append((month, Tally.expecting(-number)))
    return found


def _negative(tally: Tally) -> Tally:
    return replace(
        tally,
        numbers=tuple(None if number is None else -number for number in tally.numbers),
        lacks=tuple(-number for number in tally.lacks),
        reported=-tally.reported,
    )
