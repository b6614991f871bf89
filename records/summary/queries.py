"""`summary`: the computed figures of a unit and period, for pages, files, commands and the API."""

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
def summary(query: FiguresQuery, tallies: list[PartialTally] | None = None) -> Summary:
    """The Summary of the query; a unit closed or not yet open expects nothing and has nulls.

    `tallies`: if already read, by child for rows by "unit" that have no query of their own. Where more
    reports than `query.most_named` are missing, none is named, except for rows by "field", which need them.
    """
    children = query.below and not reads_rows_apart(query)
    if tallies is None:
        tallies = partial_tallies(query, by_child=children)
    tiers = tallies_by_tier(query, tallies)
    missing = _missing(query, tallies, by_child=children)
    return summary_of_tallies(
        query,
        tiers,
        missing=_missing_by_tier(missing),
        by=query.by,
        rows=_rows(query, tallies, tiers, missing),
        territory=None if query.today is None else territory(query),
        handover=query.handover,
    )


def summary_of_tallies(query: FiguresQuery, tiers: MonthlyTallies, **more: Any) -> Summary:
    """The Summary from tallies already read; `more`: further arguments of `build_summary`."""
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


def tallies_by_tier(query: FiguresQuery, tallies: Iterable[PartialTally]) -> MonthlyTallies:
    """Tallies by tier and month, with what is expected; only tiers with something expected or reported."""
    monthly: MonthlyTallies = defaultdict(list)
    for part in tallies_of_total(query, tallies):
        monthly[part.tier].append((part.month, part.tally))
    for tier, month, number in expected_in_total(query):
        monthly[tier].append((month, Tally.expecting(number)))
    return dict(monthly)


def _missing(query: FiguresQuery, tallies: list[PartialTally], *, by_child: bool) -> list[MissingUnitMonth]:
    short = _months_off_roster(query, tallies)
    number = sum(short.values())
    if query.field is not None:
        return missing_of_field(query, short, number)
    named = query.most_named is None or number <= query.most_named or query.by == "field"
    return missing_unit_months(query, short, tallies if by_child else None, number) if named else []


def _months_off_roster(query: FiguresQuery, tallies: Iterable[PartialTally]) -> dict[Month, int]:
    """{month: difference of expected and reported over all tiers}; only in these months can reports be missing."""
    # By the number of the month, as in `period_tally`.
    shortfall = {(month.number, tier): number for tier, month, number in expected_in_total(query)}
    for part in tallies_of_total(query, tallies):
        if (key := (part.month.number, part.tier)) in shortfall:
            shortfall[key] -= part.tally.reported
    short: dict[Month, int] = defaultdict(int)
    for (month, _), number in shortfall.items():
        if number:
            short[query.by_number[month]] += abs(number)
    return short


def _missing_by_tier(missing: Iterable[MissingUnitMonth]) -> dict[str, list[MissingMonth]]:
    """Missing months by the tier under which they would count."""
    by_tier: dict[str, list[MissingMonth]] = defaultdict(list)
    for unit_month in missing:
        if unit_month.counted is not None:
            by_tier[unit_month.counted].append(unit_month.missing)
    return dict(by_tier)


def _rows(
    query: FiguresQuery, tallies: list[PartialTally], tiers: MonthlyTallies, missing: list[MissingUnitMonth]
) -> list[RowInput] | None:
    if query.by == "unit":
        return unit_rows(query, period_tallies(query) if reads_rows_apart(query) else tallies, missing)
    if query.by != "field":
        return None
    if query.field is None:
        return field_rows(query, missing)
    every = [part for parts in tiers.values() for part in parts]
    missing_months = [unit_month.missing for unit_month in missing]
    return [RowInput(query.field.code, query.field.name, every, missing_months, {"pk": query.field.pk})]
