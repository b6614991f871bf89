"""Both sides of a comparison with the same period last year, without the units that cannot be compared."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

from django.db.models import Count, Exists, Q, QuerySet

from figures.formatting import format_count
from figures.measures import CLOSING, MEASURES, OPENING
from figures.periods import Month, Period
from figures.summary import Summary
from figures.tally import Tally, period_tally
from records.models import DossierCount
from records.storage import HANDOVER_COLUMNS, column_sums, tally_from_values
from records.summary.aggregation import tallies_of_child_groups
from records.summary.by_field import field_expectation
from records.summary.figures_query import FiguresQuery, PartialTally
from records.summary.queries import MonthlyTallies, summary_of_tallies
from records.summary.split_units import apportioned_tallies
from units.models import Unit

from .comparable_field_units import ComparableFieldUnits, FieldUnit
from .comparable_units import ComparableUnits, ComparableUnitsToday, ReportingUnit

# The smaller part is read unit by unit: few that are left out are taken from the whole, few that stay are added
# up.

AnyComparableUnits = ComparableUnits | ComparableFieldUnits
# Of units in one statement: a database takes so many, and to add up is no dearer then.
_MOST_NUMBERS = 20_000
_Units = Sequence[ReportingUnit] | Sequence[FieldUnit]


class _Doubt(NamedTuple):
    """Nothing is left of a measure of a tier: those that stay reported 0, or nothing at all in these months."""

    tier: str
    measure: str
    first: Month
    last: Month


def comparable_tallies(lasting: AnyComparableUnits, whole: MonthlyTallies) -> MonthlyTallies:
    """In the months of both periods; `whole` is that of all."""
    if lasting.more_stay:
        taken = _reports(lasting, lasting.left_out)
        left = _less(whole, taken)
        doubts = list(_doubts(lasting.period, left, taken))
        if len(doubts) * lasting.numbers_given <= _MOST_NUMBERS:
            return _unreported(left, _unknown(lasting, doubts))
    found: MonthlyTallies = {tier: [] for tier in whole}
    for several in (_of_calm(lasting), _reports(lasting, lasting.others)):
        for tier, parts in several.items():
            found.setdefault(tier, []).extend(parts)
    return found


def _of_calm(lasting: AnyComparableUnits) -> MonthlyTallies:
    """What groups hold in which nobody came or went. One query; none without any."""
    found: MonthlyTallies = defaultdict(list)
    for part in tallies_of_child_groups(lasting.reach, list(lasting.calm)):
        if lasting.tiers is None or part.tier in lasting.tiers:
            found[part.tier].append((part.month, part.tally))
    return _expecting(found, lasting.expected_calm)


def _expecting(found: MonthlyTallies, expected: Iterable[tuple[str, Month, int]]) -> MonthlyTallies:
    for tier, month, number in expected:
        found[tier].append((month, Tally.expecting(number)))
    return found


def _reports(lasting: AnyComparableUnits, units: _Units) -> MonthlyTallies:
    """What these units reported and owed. One query, by today's units for each tier; none without units."""
    found: MonthlyTallies = defaultdict(list)
    reach, tiers = lasting.reach, defaultdict(list)
    for unit in units:
        if unit.pk not in lasting.divided:
            tiers["" if reach.today is None else unit.tier].append(unit.pk)
    months = [month.number for month in lasting.months]
    for into, numbers in tiers.items():
        path, rows, several = _rows(lasting, submission__unit__in=numbers, submission__month__in=months)
        rows = rows.values_list(f"{path}month", f"{path}unit__tier")
        for month, tier, reported, *values in rows.annotate(_reported=several, **column_sums(path)):
            found[into or tier].append((reach.by_number[month], tally_from_values(values, reported)))
    for part in _of_split(lasting, lasting.divided & {unit.pk for unit in units}):
        found[part.tier].append((part.month, part.tally))
    return _expecting(found, lasting.expected(units))


def _rows(lasting: AnyComparableUnits, **which: object) -> tuple[str, QuerySet, Count]:
    """Where the submission stands from the rows, the rows of these editions, and how many units reported."""
    editions = lasting.reach.editions.order_by().filter(**which)
    field = lasting.reach.field
    if field is None:
        return "submission__", editions, Count("pk")
    counts = DossierCount.objects.order_by().filter(edition__in=editions, field=field)
    return "edition__submission__", counts, Count("edition", distinct=True, filter=Q(answered=True))


def _of_split(lasting: AnyComparableUnits, units: Set[int]) -> Iterator[PartialTally]:
    """By today's units: what comes of units that were split. No query without any, else three at most."""
    if units:
        total, months = lasting.reach.carried.total, set(lasting.months)
        heir = total._replace(sources=[source for source in total.sources if source.unit in units])
        parts = apportioned_tallies(lasting.reach, [(None, heir)], lasting.reach.field is not None)
        yield from (part for part in parts if part.month in months)


def _less(whole: MonthlyTallies, taken: MonthlyTallies) -> MonthlyTallies:
    """The whole without what is taken from it: unknown where nobody else reported."""
    found: MonthlyTallies = {}
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


def _doubts(period: Period, left: MonthlyTallies, taken: MonthlyTallies) -> Iterator[_Doubt]:
    for when in (period, period.same_last_year()):
        for tier, parts in taken.items():
            rest, gone = period_tally(left.get(tier, ()), when), period_tally(parts, when)
            for name in MEASURES:
                if rest.values[name] == 0 and gone.values[name] is not None:
                    first = when.last if name in CLOSING else when.first
                    yield _Doubt(tier, name, first, when.first if name in OPENING else when.last)


def _unknown(lasting: AnyComparableUnits, doubts: Sequence[_Doubt]) -> list[_Doubt]:
    """Those that nobody reported who stays. One query, which stops at the first report that did; none without any."""
    if not doubts:
        return []
    asked = Unit.objects.filter(pk=lasting.reach.unit.pk).order_by()
    [found] = asked.values_list(*(Exists(_told(lasting, doubt)) for doubt in doubts))
    return [doubt for doubt, told in zip(doubts, found, strict=True) if not told]


def _told(lasting: AnyComparableUnits, doubt: _Doubt) -> QuerySet:
    """Reports of the measure by those that stay, as far as they count beside others."""
    of_tier = replace(lasting.reach, tier=doubt.tier, wider=lasting.reach).within("submission__unit__")
    months = doubt.first.number, doubt.last.number
    editions = lasting.reach.editions.order_by().filter(
        of_tier, lasting.staying("submission__unit__"), submission__month__range=months
    )
    flags = {
        f"submission__{flag}": True for flag, names in HANDOVER_COLUMNS.items() if doubt.measure in names
    }
    if lasting.reach.field is None:
        return editions.filter(**{f"{doubt.measure}__isnull": False}, **flags)
    # Joined, the database stops at the first; listed, it would look for all editions before.
    return editions.filter(
        **{"counts__field": lasting.reach.field, f"counts__{doubt.measure}__isnull": False}, **flags
    )


def _unreported(left: MonthlyTallies, unknown: Iterable[_Doubt]) -> MonthlyTallies:
    for doubt in unknown:
        place = MEASURES.index(doubt.measure)
        left[doubt.tier] = [
            (month, _without(tally, place) if doubt.first <= month <= doubt.last else tally)
            for month, tally in left[doubt.tier]
        ]
    return left


def _without(tally: Tally, place: int) -> Tally:
    return replace(tally, numbers=(*tally.numbers[:place], None, *tally.numbers[place + 1 :]))


# Named in a sentence; more are counted.
MOST = 6


@dataclass(frozen=True)
class ComparedSummaries:
    """Both sides without the units that cannot be compared: how many are left out, and their names, of many the first
    ones only.
    """

    current: Summary
    before: Summary
    left_out: tuple[str, ...]
    number: int
    # The name of the one field that is compared; empty: all of them.
    field: str = ""

    @property
    def told(self) -> str:
        """Vietnamese: which units the comparison leaves out, or that there is nothing to compare."""
        reports = f"báo cáo lĩnh vực {self.field}" if self.field else "báo cáo"
        if self.nobody:
            alone = self.left_out == (self.current.unit_name,)
            who = f"{self.current.unit_name} không" if alone else "không có đơn vị nào"
            return f"Không so với cùng kỳ: {who} {reports} suốt cả hai kỳ."
        return (
            f"So với cùng kỳ chỉ tính các đơn vị {reports} suốt cả hai kỳ; không tính "
            f"{format_count(self.number)} đơn vị: {self.names}."
        )

    @property
    def nobody(self) -> bool:
        """Whether no unit owed reports throughout both periods."""
        return not self.before.total.completeness.expected

    @property
    def names(self) -> str:
        """The units that are left out, the first of them by name."""
        more = " và những đơn vị khác" if self.number > MOST else ""
        return "; ".join(self.left_out[:MOST]) + more

    def as_dict(self) -> dict[str, Any]:
        """For a review that is frozen as data."""
        return {
            "now": self.current.as_record(),
            "before": self.before.as_record(),
            "left_out": list(self.left_out),
            "number": self.number,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``as_dict`` wrote."""
        sides = (Summary.from_dict(data[name]) for name in ("now", "before"))
        names = tuple(data["left_out"])
        # A document from before names all of them.
        return cls(*sides, names, data.get("number", len(names)))


# As reported, a unit that opened or closed meanwhile is taken out of both sides. By today's units history is
# carried over, and one is taken out in which it does not reach through both periods.
# Who is left out is named.


def comparable_units(reach: FiguresQuery, period: Period) -> AnyComparableUnits | None:
    """Who can be compared in a period and the same period last year; None where that are all. Two queries at most where
    units opened or closed or a field is not of all alike, by today's units ten; else one, and none of a unit without
    any below that reported throughout.
    """
    owed = field_expectation(reach)
    of_basis = ComparableUnits if reach.today is None else ComparableUnitsToday
    found: AnyComparableUnits = of_basis(reach, period)
    if owed is not None:
        found = ComparableFieldUnits(owed, period)
        if found.alike:
            found = of_basis(reach, period, found.whole_tiers)
    return found if found.number_left_out else None


def compare_summaries(among: AnyComparableUnits, monthly: MonthlyTallies) -> ComparedSummaries:
    """Both sides without who is left out. `monthly` holds the months of both periods, by tier. Six queries at most,
    whatever opened or closed.
    """
    tiers, period, reach = comparable_tallies(among, monthly), among.period, among.reach
    sides = [
        summary_of_tallies(replace(reach, period=when), tiers) for when in (period, period.same_last_year())
    ]
    field = reach.field.name if reach.field else ""
    return ComparedSummaries(*sides, among.names_left_out, among.number_left_out, field)
