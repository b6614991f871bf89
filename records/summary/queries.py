"""`summary` and `trend`: the computed figures of a unit and period that every outlet receives."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from core.db.snapshot import snapshot
from figures.completeness import MissingMonth
from figures.periods import Calendar, Month, Period
from figures.summary import Figures, RowInput, Summary, build_summary, compute_figures
from figures.tally import Tally
from records.calendar.queries import stored_calendar
from records.models import Stage
from units.models import Unit

from .aggregation import partial_tallies, tallies_of_total
from .by_field import field_rows
from .by_unit import period_tallies, reads_rows_apart, unit_rows
from .missing import MissingUnitMonth, missing_unit_months
from .query import FiguresQuery, PartialTally
from .territory import territory

ROW_KINDS = ("unit", "field", "month")

MonthlyTallies = dict[str, list[tuple[Month, Tally]]]


@snapshot()
def summary(
    unit: Unit,
    period: Period,
    *,
    include: str = Stage.APPROVED,
    external: bool = False,
    tier: str | None = None,
    by: str | None = None,
    decimals: int = 1,
    calendar: Calendar | None = None,
    as_of: date | None = None,
    today: date | None = None,
    most_named: int | None = None,
) -> Summary:
    """The Summary of a unit and period, with rows by "unit" (those directly below), "field" or "month".

    `tier` narrows tiers, total and rows; `as_of`: the approved figures as they counted at the end of that day. A
    unit that is over or not yet there expects nothing and has nulls. `today`: by the units of that day, the reader's
    (basis "today"); never together with `as_of`. `most_named`: as in `summary_of`.
    """
    days = calendar or stored_calendar()
    question = FiguresQuery(unit, period, days, include, external, tier, None, as_of, by == "unit", today)
    return summary_of(question, by=by, decimals=decimals, most_named=most_named)


@snapshot()
def summary_of(
    question: FiguresQuery,
    *,
    by: str | None,
    decimals: int = 1,
    found: list[PartialTally] | None = None,
    most_named: int | None = None,
) -> Summary:
    """The same for a question that is put together already; `found` are its parts, where they are at hand: by child for
    rows by "unit" that are not read apart. Where more reports than `most_named` lack, none of them is named, but for
    rows by "field", which are told by who is silent.
    """
    children = by == "unit" and not reads_rows_apart(question)
    if found is None:
        found = partial_tallies(question, by_child=children)
    short = _months_off_roster(question, found)
    number = sum(short.values())
    named = most_named is None or number <= most_named or by == "field"
    lacking = missing_unit_months(question, short, found if children else None, number) if named else []
    return build_summary(
        unit=question.unit.key_on(question.named_on),
        unit_name=question.unit.name,
        period=question.period,
        tiers=tallies_by_tier(question, found),
        missing=missing_by_tier(lacking),
        by=by,
        rows=_rows(question, by, found, lacking),
        calendar=question.days,
        basis=question.basis,
        units_of=question.today,
        territory=None if question.today is None else territory(question),
        handover=question.handover,
        include=question.include,
        as_of=question.as_of,
        external=question.external,
        decimals=decimals,
    )


@dataclass(frozen=True)
class TrendPoint:
    """The figures of one month: by tier and in all. Nothing reported gives None in the counts, a gap in the line."""

    month: Month
    tiers: Mapping[str, Figures]
    total: Figures


@snapshot()
def trend(
    unit: Unit,
    period: Period,
    *,
    include: str = Stage.APPROVED,
    external: bool = False,
    tier: str | None = None,
    decimals: int = 1,
    calendar: Calendar | None = None,
    today: date | None = None,
) -> tuple[TrendPoint, ...]:
    """Every month of a period by itself, in two queries (the country in three); without lists of who is missing."""
    question = FiguresQuery(unit, period, calendar or stored_calendar(), include, external, tier, today=today)
    of_month: dict[Month, dict[str, list[Tally]]] = {month: defaultdict(list) for month in question.months}
    for name, several in tallies_by_tier(question, partial_tallies(question)).items():
        for month, tally in several:
            of_month[month][name].append(tally)
    points = []
    for month, tiers in of_month.items():
        tallies = {name: Tally.total(several) for name, several in tiers.items()}
        points.append(
            TrendPoint(
                month,
                {name: compute_figures(tally, decimals=decimals) for name, tally in tallies.items()},
                compute_figures(Tally.total(tallies.values()), decimals=decimals),
            )
        )
    return tuple(points)


def tallies_by_tier(question: FiguresQuery, found: Iterable[PartialTally]) -> MonthlyTallies:
    """Tallies by tier and month, with what is expected; only tiers with something expected or reported."""
    monthly: MonthlyTallies = defaultdict(list)
    for part in tallies_of_total(question, found):
        monthly[part.tier].append((part.month, part.tally))
    for month, tiers in zip(question.months, question.expected, strict=True):
        for tier, number in tiers.items():
            monthly[tier].append((month, Tally.expecting(number)))
    return dict(monthly)


def _months_off_roster(question: FiguresQuery, found: Iterable[PartialTally]) -> dict[Month, int]:
    """Months in which other numbers of units reported than were expected, with the differences of the tiers added up:
    only there somebody can be missing.
    """
    # By the number of the month, as in `over_period`.
    reported: dict[tuple[int, str], int] = defaultdict(int)
    for part in tallies_of_total(question, found):
        reported[part.month.number, part.tier] += part.tally.reported
    short = {}
    for month, tiers in zip(question.months, question.expected, strict=True):
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
    question: FiguresQuery, by: str | None, found: list[PartialTally], lacking: list[MissingUnitMonth]
) -> list[RowInput] | None:
    if by == "unit":
        return unit_rows(question, period_tallies(question) if reads_rows_apart(question) else found, lacking)
    if by == "field":
        return field_rows(question, lacking)
    return None
