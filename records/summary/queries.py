"""`summary`: the computed figures of a unit and period that every outlet receives."""

from collections import defaultdict
from collections.abc import Iterable

from core.database import snapshot
from figures.completeness import MissingMonth
from figures.periods import Month
from figures.summary import RowInput, Summary, build_summary
from figures.tally import Tally

from .aggregation import partial_tallies, tallies_of_total
from .by_field import field_rows
from .by_unit import period_tallies, reads_rows_apart, unit_rows
from .figures_query import FiguresQuery, PartialTally
from .missing import MissingUnitMonth, missing_unit_months
from .territory import territory

MonthlyTallies = dict[str, list[tuple[Month, Tally]]]


@snapshot()
def summary(query: FiguresQuery, found: list[PartialTally] | None = None) -> Summary:
    """The Summary of what is asked; a unit that is over or not yet there expects nothing and has nulls.

    `found` are its parts, where they are at hand: by child for rows by "unit" that are not read apart. Where more
    reports than `query.most_named` lack, none of them is named, but for rows by "field", which are told by who is
    silent.
    """
    children = query.below and not reads_rows_apart(query)
    if found is None:
        found = partial_tallies(query, by_child=children)
    short = _months_off_roster(query, found)
    number = sum(short.values())
    named = query.most_named is None or number <= query.most_named or query.by == "field"
    lacking = missing_unit_months(query, short, found if children else None, number) if named else []
    return build_summary(
        unit=query.unit.key_on(query.named_on),
        unit_name=query.unit.name,
        period=query.period,
        tiers=tallies_by_tier(query, found),
        missing=missing_by_tier(lacking),
        by=query.by,
        rows=_rows(query, found, lacking),
        calendar=query.calendar,
        basis=query.basis,
        units_of=query.today,
        territory=None if query.today is None else territory(query),
        handover=query.handover,
        include=query.include,
        as_of=query.as_of,
        external=query.external,
        decimals=query.decimals,
    )


def tallies_by_tier(query: FiguresQuery, found: Iterable[PartialTally]) -> MonthlyTallies:
    """Tallies by tier and month, with what is expected; only tiers with something expected or reported."""
    monthly: MonthlyTallies = defaultdict(list)
    for part in tallies_of_total(query, found):
        monthly[part.tier].append((part.month, part.tally))
    for month, tiers in zip(query.months, query.expected, strict=True):
        for tier, number in tiers.items():
            monthly[tier].append((month, Tally.expecting(number)))
    return dict(monthly)


def _months_off_roster(query: FiguresQuery, found: Iterable[PartialTally]) -> dict[Month, int]:
    """Months in which other numbers of units reported than were expected, with the differences of the tiers added up:
    only there somebody can be missing.
    """
    # By the number of the month, as in `over_period`.
    reported: dict[tuple[int, str], int] = defaultdict(int)
    for part in tallies_of_total(query, found):
        reported[part.month.number, part.tier] += part.tally.reported
    short = {}
    for month, tiers in zip(query.months, query.expected, strict=True):
        lacking = [number - reported[month.number, tier] for tier, number in tiers.items()]
        if any(lacking):
            short[month] = sum(map(abs, lacking))
    return short


def missing_by_tier(lacking: Iterable[MissingUnitMonth]) -> dict[str, list[MissingMonth]]:
    """Who is silent, by the tier that their reports would count under."""
    found: dict[str, list[MissingMonth]] = defaultdict(list)
    for one in lacking:
        if one.counted is not None:
            found[one.counted].append(one.one)
    return dict(found)


def _rows(
    query: FiguresQuery, found: list[PartialTally], lacking: list[MissingUnitMonth]
) -> list[RowInput] | None:
    if query.by == "unit":
        return unit_rows(query, period_tallies(query) if reads_rows_apart(query) else found, lacking)
    return field_rows(query, lacking) if query.by == "field" else None
