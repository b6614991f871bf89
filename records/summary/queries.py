"""`summary`: the computed figures of a unit and period that every outlet receives."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from core.database import snapshot
from figures.completeness import MissingMonth
from figures.periods import Month
from figures.summary import RowInput, Summary, build_summary
from figures.tally import Tally

from .aggregation import partial_tallies, tallies_of_total
from .by_field import expected_in_total, field_rows, missing_of_field
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
    tiers = tallies_by_tier(query, found)
    lacking = _lacking(query, found, by_child=children)
    return summary_of_tallies(
        query,
        tiers,
        missing=_missing_by_tier(lacking),
        by=query.by,
        rows=_rows(query, found, tiers, lacking),
        territory=None if query.today is None else territory(query),
        handover=query.handover,
    )


def summary_of_tallies(query: FiguresQuery, tiers: MonthlyTallies, **more: Any) -> Summary:
    """The Summary of what is asked from tallies that were read already; `more`: what `build_summary` takes besides."""
    return build_summary(
        unit=query.unit.key_on(query.named_on),
        unit_name=query.unit.name,
        period=query.period,
        tiers=tiers,
        calendar=query.calendar,
        basis=query.basis,
        units_of=query.today,
        include=query.include,
        as_of=query.as_of,
        external=query.external,
        decimals=query.decimals,
        **more,
    )


def tallies_by_tier(query: FiguresQuery, found: Iterable[PartialTally]) -> MonthlyTallies:
    """Tallies by tier and month, with what is expected; only tiers with something expected or reported."""
    monthly: MonthlyTallies = defaultdict(list)
    for part in tallies_of_total(query, found):
        monthly[part.tier].append((part.month, part.tally))
    for tier, month, number in expected_in_total(query):
        monthly[tier].append((month, Tally.expecting(number)))
    return dict(monthly)


def _lacking(query: FiguresQuery, found: list[PartialTally], *, by_child: bool) -> list[MissingUnitMonth]:
    short = _months_off_roster(query, found)
    number = sum(short.values())
    if query.field is not None:
        return missing_of_field(query, short, number)
    named = query.most_named is None or number <= query.most_named or query.by == "field"
    return missing_unit_months(query, short, found if by_child else None, number) if named else []


def _months_off_roster(query: FiguresQuery, found: Iterable[PartialTally]) -> dict[Month, int]:
    """Months in which other numbers of units reported than were expected, with the differences of the tiers added up:
    only there somebody can be missing.
    """
    # By the number of the month, as in `over_period`.
    lacking = {(month.number, tier): number for tier, month, number in expected_in_total(query)}
    for part in tallies_of_total(query, found):
        if (key := (part.month.number, part.tier)) in lacking:
            lacking[key] -= part.tally.reported
    short: dict[Month, int] = defaultdict(int)
    for (month, _), number in lacking.items():
        if number:
            short[query.by_number[month]] += abs(number)
    return short


def _missing_by_tier(lacking: Iterable[MissingUnitMonth]) -> dict[str, list[MissingMonth]]:
    """Who is silent, by the tier that their reports would count under."""
    found: dict[str, list[MissingMonth]] = defaultdict(list)
    for one in lacking:
        if one.counted is not None:
            found[one.counted].append(one.one)
    return dict(found)


def _rows(
    query: FiguresQuery, found: list[PartialTally], tiers: MonthlyTallies, lacking: list[MissingUnitMonth]
) -> list[RowInput] | None:
    if query.by == "unit":
        return unit_rows(query, period_tallies(query) if reads_rows_apart(query) else found, lacking)
    if query.by != "field":
        return None
    if query.field is None:
        return field_rows(query, lacking)
    # Of the one field all is known.
    every = [part for parts in tiers.values() for part in parts]
    missing = [one.one for one in lacking]
    return [RowInput(query.field.code, query.field.name, every, missing, {"pk": query.field.pk})]
