"""Against the same period last year only those units count that owed reports throughout both periods.

By today's units history is carried over and nothing is left out. As reported, a unit that opened or closed meanwhile is
taken out of both sides, and named.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from figures.counts import Tally
from figures.periods import Month, Period
from figures.summary import Summary, build
from figures.writing import count
from records.queries.question import Question
from records.queries.rows import tally_in, totals
from records.queries.summary import Monthly
from units.models import Unit, owing

MOST = 6


@dataclass(frozen=True)
class Comparison:
    """Both sides without what cannot be compared, and the names of the units that are left out."""

    now: Summary
    before: Summary
    left_out: tuple[str, ...]

    @property
    def told(self) -> str:
        """Vietnamese: which units the comparison leaves out."""
        named = "; ".join(self.left_out[:MOST]) + (
            " và những đơn vị khác" if len(self.left_out) > MOST else ""
        )
        return (
            "So với cùng kỳ chỉ tính các đơn vị báo cáo suốt cả hai kỳ; không tính "
            f"{count(len(self.left_out))} đơn vị: {named}."
        )


def comparison(reach: Question, monthly: Monthly, before: Summary, period: Period) -> Comparison | None:
    """None where the same units owed both periods. `monthly` holds the months of both, by tier. One query then (none of
    a unit without any below), else three.
    """
    spans = dict(zip(reach.months, reach.spans, strict=True))
    earlier = period.same_last_year()
    first_end, last_start = spans[earlier.first][1], spans[period.last][0]
    if reach.today is not None or reach.as_of is not None or not _changed(reach, first_end, last_start):
        return None
    months = [*earlier.months, *period.months]
    units = list(_left_out(reach, spans, earlier, period, first_end, last_start))
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
    return Comparison(*sides, tuple(unit.name for unit in units))


def _changed(reach: Question, first_end: date, last_start: date) -> bool:
    """Whether anything opened or closed between the first month of one period and the last of the other."""
    if not reach.unit.has_children:
        return False
    return any(
        (opened and on > first_end) or (closed and on < last_start)
        for tier, on, opened, closed in reach.own_steps
        if reach.tier in (None, tier) and reach.start <= on <= reach.end
    )


def _left_out(reach: Question, spans, earlier: Period, period: Period, first_end: date, last_start: date):
    owed = owing(spans[earlier.first][0], spans[earlier.last][1])
    owed |= owing(spans[period.first][0], spans[period.last][1])
    throughout = Q(active_from__lte=first_end) & (Q(until=None) | Q(until__gte=last_start))
    units = Unit.objects.filter(reach.within()).annotate(until=Coalesce("reports_until", "active_until"))
    return units.filter(owed).exclude(throughout).order_by("folded", "pk")


def _taken(reach: Question, units: Iterable[Unit], months: list[Month], spans) -> Monthly:
    """What these units reported and owed, with the sign turned: added to the whole it leaves the others."""
    tiers = {unit.pk: unit.tier for unit in units}
    found: Monthly = defaultdict(list)
    editions = reach.editions.filter(
        submission__unit__in=list(tiers), submission__month__in=[month.number for month in months]
    )
    rows = editions.order_by().values_list("submission__month", "submission__unit__tier")
    for month, tier, reported, *numbers in rows.annotate(_reported=Count("pk"), **totals()):
        found[tier].append((reach.by_number[month], _negative(tally_in(numbers, reported))))
    for unit in units:
        for month in months:
            if unit.owes(*spans[month]):
                found[unit.tier].append((month, Tally.expecting(-1)))
    return found


def _negative(tally: Tally) -> Tally:
    return replace(
        tally,
        numbers=tuple(None if number is None else -number for number in tally.numbers),
        lacks=tuple(-number for number in tally.lacks),
        reported=-tally.reported,
    )
