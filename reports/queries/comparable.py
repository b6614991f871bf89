"""Against the same period last year only those units count that owed reports throughout both periods.

By today's units history is carried over and nothing is left out. As reported, a unit that opened or closed meanwhile is
taken out of both sides, and named.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from django.db.models import Count

from figures.compared import Compared
from figures.counts import Tally
from figures.periods import Month, Period
from figures.summary import Summary, build
from records.queries.parts import of_child_groups
from records.queries.question import Question
from records.queries.rows import tally_in, totals
from records.queries.summary import Monthly

from .lasting import Lasting, Reporter


def comparison(reach: Question, monthly: Monthly, before: Summary, period: Period) -> Compared | None:
    """None where the same units owed both periods. `monthly` holds the months of both, by tier. Seven queries at most,
    whatever opened or closed; one where nothing did, and none of a unit without any below that reported throughout.
    """
    if not changed(reach, period):
        return None
    lasting = Lasting(reach, period)
    if not lasting.number_left_out:
        return None
    tiers, earlier = _of_lasting(lasting, monthly), period.same_last_year()
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
    return Compared(*sides, lasting.names_left_out, lasting.number_left_out)


def changed(reach: Question, period: Period) -> bool:
    """Whether units opened or closed between the two periods, so that not all can be compared; never by today's units.
    One query; none of a unit without any below, or where the roster of the rows has been read.
    """
    if reach.today is not None or reach.as_of is not None:
        return False
    lasting = Lasting(reach, period)
    if not reach.unit.has_children:
        return not lasting.owed_by(reach.unit)
    return _changed(reach, reach.turns, lasting)


def same_rows(reach: Question, period: Period) -> set[int] | None:
    """Numbers of the units directly below (and of the unit itself) in which the same units owed reports throughout the
    period and the same period last year; None for all of them: by today's units history is carried over. No query
    where the roster of the rows has been read.
    """
    if reach.today is not None:
        return None
    lasting = Lasting(reach, period)
    return {
        one.pk
        for one in (reach.unit, *reach.children)
        if (
            not _changed(reach, reach.steps_of(one.pk), lasting)
            if one.has_children and one.pk != reach.unit.pk
            else lasting.owed_by(one)
        )
    }


def _changed(reach: Question, steps: Iterable[tuple[str, date, int, int]], lasting: Lasting) -> bool:
    """Whether anything opened or closed between the first month of one period and the last of the other."""
    return any(
        (opened and on > lasting.first_end) or (closed and on < lasting.last_start)
        for tier, on, opened, closed in steps
        if reach.tier in (None, tier) and reach.start <= on <= reach.end
    )


def _of_lasting(lasting: Lasting, whole: Monthly) -> Monthly:
    """What those reported and owed that can be compared, in the months of both periods; `whole` is that of all. The
    smaller part is read unit by unit: few that are left out are taken from the whole, few that stay are added up.
    """
    if lasting.more_stay:
        return _less(whole, _reports(lasting, lasting.left_out))
    found: Monthly = {tier: [] for tier in whole}
    for several in (_of_calm(lasting), _reports(lasting, lasting.others)):
        for tier, parts in several.items():
            found.setdefault(tier, []).extend(parts)
    return found


def _of_calm(lasting: Lasting) -> Monthly:
    """What groups hold in which nobody came or went. One query; none without any."""
    found: Monthly = defaultdict(list)
    for part in of_child_groups(lasting.reach, list(lasting.calm)):
        found[part.tier].append((part.month, part.tally))
    for change in lasting.calm.values():
        for tier, number in change.stay.items():
            found[tier] += [(month, Tally.expecting(number)) for month in lasting.months]
    return found


def _reports(lasting: Lasting, units: Sequence[Reporter]) -> Monthly:
    """What these units reported and owed. One query; none without units."""
    found: Monthly = defaultdict(list)
    if not units:
        return found
    reach = lasting.reach
    editions = reach.editions.filter(
        submission__unit__in=[unit.pk for unit in units],
        submission__month__in=[month.number for month in lasting.months],
    )
    rows = editions.order_by().values_list("submission__month", "submission__unit__tier")
    for month, tier, reported, *numbers in rows.annotate(_reported=Count("pk"), **totals("submission__")):
        found[tier].append((reach.by_number[month], tally_in(numbers, reported)))
    # Thousands of them open and close on a handful of days.
    kinds = Counter((unit.tier, unit.active_from, unit.until) for unit in units)
    for (tier, since, until), number in kinds.items():
        for month in lasting.months:
            start, end = lasting.spans[month]
            if since <= end and (until is None or until >= start):
                found[tier].append((month, Tally.expecting(number)))
    return found


def _less(whole: Monthly, taken: Monthly) -> Monthly:
    """The whole without what is taken from it: unknown where nobody else reported."""
    found: Monthly = {}
    for tier, parts in whole.items():
        of_month: dict[Month, list[Tally]] = defaultdict(list)
        for month, tally in parts:
            of_month[month].append(tally)
        for month, tally in taken.get(tier, ()):
            of_month[month].append(_negative(tally))
        left = ((month, Tally.total(several)) for month, several in of_month.items())
        found[tier] = [
            (month, tally if tally.reported else Tally.expecting(tally.expected)) for month, tally in left
        ]
    return found


def _negative(tally: Tally) -> Tally:
    return replace(
        tally,
        numbers=tuple(None if number is None else -number for number in tally.numbers),
        lacks=tuple(-number for number in tally.lacks),
        reported=-tally.reported,
        expected=-tally.expected,
    )
