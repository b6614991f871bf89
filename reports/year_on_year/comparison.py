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
from records.storage import HANDOVER_COLUMNS, column_sums, tally_from_values
from records.summary.aggregation import tallies_of_child_groups
from records.summary.by_field import field_expectation
from records.summary.figures_query import FiguresQuery, PartialTally
from records.summary.queries import MonthlyTallies, summary_of_tallies
from records.summary.split_units import apportioned_tallies
from units.models import Unit

from .comparable_field_units import ComparableFieldUnits, FieldUnit
from .comparable_units import ComparableUnits, ComparableUnitsToday, ReportingUnit

# The smaller part is read unit by unit: either units left out are subtracted from the total, or units that stay
# are added up.

AnyComparableUnits = ComparableUnits | ComparableFieldUnits
# Ids in one statement: databases limit them, and beyond that adding up is no slower.
_MOST_IDS = 20_000
_Units = Sequence[ReportingUnit] | Sequence[FieldUnit]


class _Doubt(NamedTuple):
    """A measure of a tier is 0 after subtraction: the units that stay reported 0, or nothing, in these months."""

    tier: str
    measure: str
    first: Month
    last: Month


def comparable_tallies(units: AnyComparableUnits, whole: MonthlyTallies) -> MonthlyTallies:
    """Tallies of the comparable units by tier, in the months of both periods; `whole` is of all units."""
    if units.more_stay:
        removed = _reports(units, units.left_out)
        left = _subtract(whole, removed)
        doubts = list(_doubts(units.period, left, removed))
        if len(doubts) * units.id_count <= _MOST_IDS:
            return _unreported(left, _unknown(units, doubts))
    tallies: MonthlyTallies = {tier: [] for tier in whole}
    for several in (_calm_groups(units), _reports(units, units.others)):
        for tier, parts in several.items():
            tallies.setdefault(tier, []).extend(parts)
    return tallies


def _calm_groups(units: AnyComparableUnits) -> MonthlyTallies:
    """Sums of groups without units that opened or closed. One query; none without such groups."""
    tallies: MonthlyTallies = defaultdict(list)
    for part in tallies_of_child_groups(units.reach, list(units.calm)):
        if units.tiers is None or part.tier in units.tiers:
            tallies[part.tier].append((part.month, part.tally))
    return _expecting(tallies, units.expected_calm)


def _expecting(tallies: MonthlyTallies, expected: Iterable[tuple[str, Month, int]]) -> MonthlyTallies:
    for tier, month, count in expected:
        tallies[tier].append((month, Tally.expecting(count)))
    return tallies


def _reports(comparable: AnyComparableUnits, units: _Units) -> MonthlyTallies:
    """Tallies of these units. One query, by today's units one for each tier; none without units."""
    tallies: MonthlyTallies = defaultdict(list)
    reach, tiers = comparable.reach, defaultdict(list)
    for unit in units:
        if unit.pk not in comparable.divided:
            tiers["" if reach.today is None else unit.tier].append(unit.pk)
    months = [month.number for month in comparable.months]
    for into, ids in tiers.items():
        path, rows, several = _rows(comparable, submission__unit__in=ids, submission__month__in=months)
        rows = rows.values_list(f"{path}month", f"{path}unit__tier")
        for month, tier, reported, *values in rows.annotate(_reported=several, **column_sums(path)):
            tallies[into or tier].append((reach.by_number[month], tally_from_values(values, reported)))
    for part in _split_units(comparable, comparable.divided & {unit.pk for unit in units}):
        tallies[part.tier].append((part.month, part.tally))
    return _expecting(tallies, comparable.expected(units))


def _rows(comparable: AnyComparableUnits, **which: object) -> tuple[str, QuerySet, Count]:
    """Lookup prefix of the submission, the rows of these editions, and the count of units that reported."""
    editions = comparable.reach.editions.order_by().filter(**which)
    field = comparable.reach.field
    if field is None:
        return "submission__", editions, Count("pk")
    counts = editions.dossier_counts().filter(field=field)
    return "edition__submission__", counts, Count("edition", distinct=True, filter=Q(answered=True))


def _split_units(comparable: AnyComparableUnits, units: Set[int]) -> Iterator[PartialTally]:
    """By today's units: shares of units that were split. At most three queries, none without such units."""
    if units:
        total, months = comparable.reach.successor_history.total, set(comparable.months)
        heir = total._replace(sources=[source for source in total.sources if source.unit in units])
        parts = apportioned_tallies(comparable.reach, [(None, heir)], comparable.reach.field is not None)
        yield from (part for part in parts if part.month in months)


def _subtract(whole: MonthlyTallies, removed: MonthlyTallies) -> MonthlyTallies:
    """The total minus the removed tallies; unknown where nobody else reported."""
    rest: MonthlyTallies = {}
    for tier, parts in whole.items():
        of_month: dict[Month, list[Tally]] = defaultdict(list)
        for month, tally in parts:
            of_month[month].append(tally)
        for month, tally in removed.get(tier, ()):
            of_month[month].append(_negative(tally))
        left = ((month, Tally.total(several)) for month, several in of_month.items())
        rest[tier] = [
            (month, tally if tally.reported else Tally.expecting(tally.expected)) for month, tally in left
        ]
    return rest


def _negative(tally: Tally) -> Tally:
    return replace(
        tally,
        numbers=tuple(None if number is None else -number for number in tally.numbers),
        blank_counts=tuple(-number for number in tally.blank_counts),
        reported=-tally.reported,
        expected=-tally.expected,
    )


def _doubts(period: Period, left: MonthlyTallies, removed: MonthlyTallies) -> Iterator[_Doubt]:
    for when in (period, period.same_last_year()):
        for tier, parts in removed.items():
            rest, gone = period_tally(left.get(tier, ()), when), period_tally(parts, when)
            for name in MEASURES:
                if rest.values[name] == 0 and gone.values[name] is not None:
                    first = when.last if name in CLOSING else when.first
                    yield _Doubt(tier, name, first, when.first if name in OPENING else when.last)


def _unknown(comparable: AnyComparableUnits, doubts: Sequence[_Doubt]) -> list[_Doubt]:
    """Doubts that no unit that stays reported. One query, which stops at the first such report; none without doubts."""
    if not doubts:
        return []
    query = Unit.objects.filter(pk=comparable.reach.unit.pk).order_by()
    [reported] = query.values_list(*(Exists(_reports_of(comparable, doubt)) for doubt in doubts))
    return [doubt for doubt, any_report in zip(doubts, reported, strict=True) if not any_report]


def _reports_of(comparable: AnyComparableUnits, doubt: _Doubt) -> QuerySet:
    """Reports of the measure by units that stay, without those that a handover excludes."""
    of_tier = replace(comparable.reach, tier=doubt.tier, wider=comparable.reach).within("submission__unit__")
    months = doubt.first.number, doubt.last.number
    editions = comparable.reach.editions.order_by().filter(
        of_tier, comparable.staying("submission__unit__"), submission__month__range=months
    )
    flags = {
        f"submission__{flag}": True for flag, names in HANDOVER_COLUMNS.items() if doubt.measure in names
    }
    if comparable.reach.field is None:
        return editions.filter(**{f"{doubt.measure}__isnull": False}, **flags)
    # A join lets the database stop at the first row; a subquery would list all editions first.
    return editions.filter(
        **{"counts__field": comparable.reach.field, f"counts__{doubt.measure}__isnull": False}, **flags
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


# Units named in a sentence; further ones are only counted.
MOST = 6


@dataclass(frozen=True)
class ComparedSummaries:
    """Both summaries without the units that cannot be compared; `number` of them, `left_out` names the first."""

    current: Summary
    before: Summary
    left_out: tuple[str, ...]
    number: int
    # The name of the one field that is compared; empty: all of them.
    field: str = ""

    @property
    def sentence(self) -> str:
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
        """Whether no unit was expected to report throughout both periods."""
        return not self.before.total.completeness.expected

    @property
    def names(self) -> str:
        """The units that are left out, at most MOST by name."""
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
        # Older documents name all of them.
        return cls(*sides, names, data.get("number", len(names)))


# As reported, a unit that opened or closed meanwhile is left out of both sides. By today's units, a unit is left
# out whose carried-over history does not cover both periods.


def comparable_units(reach: FiguresQuery, period: Period) -> AnyComparableUnits | None:
    """The units comparable in a period and the same period last year; None where all are. At most two queries, by
    today's units ten.
    """
    expectation = field_expectation(reach)
    of_basis = ComparableUnits if reach.today is None else ComparableUnitsToday
    comparable: AnyComparableUnits = of_basis(reach, period)
    if expectation is not None:
        comparable = ComparableFieldUnits(expectation, period)
        if comparable.alike:
            comparable = of_basis(reach, period, comparable.whole_tiers)
    return comparable if comparable.number_left_out else None


def compare_summaries(among: AnyComparableUnits, monthly: MonthlyTallies) -> ComparedSummaries:
    """Both sides without who is left out. `monthly` holds the months of both periods, by tier. Six queries at most."""
    tiers, period, reach = comparable_tallies(among, monthly), among.period, among.reach
    sides = [
        summary_of_tallies(replace(reach, period=when), tiers) for when in (period, period.same_last_year())
    ]
    field = reach.field.name if reach.field else ""
    return ComparedSummaries(*sides, among.names_left_out, among.number_left_out, field)
