"""What the dashboard shows, read in a fixed number of queries whatever the number of units, months and fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from figures.months import FIRST_YEAR
from figures.periods import Calendar, Month, Period
from figures.summary import Figures, Summary, build, figures
from records.models import Field
from records.queries.parts import parts
from records.queries.question import Question
from records.queries.summary import by_tier, summary
from reports.models import Review
from units.models import Unit

from .one_field import field_summary, monthly_of_field

TREND_MONTHS = 18
LONGEST_TREND = 60


@dataclass(frozen=True)
class Wanted:
    """What is asked: `field` is a field of the catalogue, or None for all of them together."""

    unit: Unit
    period: Period
    calendar: Calendar
    include: str
    external: bool
    tier: str | None
    by: str | None
    decimals: int
    field: Field | None = None

    def question(self, period: Period | None = None) -> Question:
        """The same question of another period."""
        return Question(
            self.unit, period or self.period, self.calendar, self.include, self.external, self.tier
        )


@dataclass(frozen=True)
class Past:
    """The same period last year, and the months up to the end of the period one by one, by tier."""

    before: Summary
    months: tuple[Month, ...]
    tiers: tuple[tuple[str, tuple[Figures, ...]], ...]


def figures_of(wanted: Wanted) -> Summary:
    """The one Summary behind page, tables, files and charts."""
    if wanted.field is not None:
        return field_summary(wanted.question(), wanted.field, by=wanted.by, decimals=wanted.decimals)
    return summary(
        wanted.unit,
        wanted.period,
        include=wanted.include,
        external=wanted.external,
        tier=wanted.tier,
        by=wanted.by,
        decimals=wanted.decimals,
        calendar=wanted.calendar,
    )


def past_of(wanted: Wanted) -> Past:
    """Last year's figures and the trend from one reading of the months, in two queries."""
    last, length = wanted.period.last, len(wanted.period.months)
    # As far back as there are months: the calendar has a first year.
    known = (last.year - FIRST_YEAR) * 12 + last.month
    months = Month.range(last.plus(1 - min(max(length, TREND_MONTHS), LONGEST_TREND, known)), last)
    before = wanted.period.same_last_year()
    first = min(months[0], before.first)
    # Built directly: with the year before it, the longest period is longer than one that may be asked for.
    question = wanted.question(Period(f"{first}..{last}", first, last))
    if wanted.field is not None:
        monthly = monthly_of_field(question, wanted.field)
    else:
        monthly = by_tier(question, parts(question))
    earlier = build(
        unit=wanted.unit.code,
        unit_name=wanted.unit.name,
        period=before,
        tiers=monthly,
        calendar=wanted.calendar,
        include=wanted.include,
        external=wanted.external,
        decimals=wanted.decimals,
    )
    return Past(
        earlier, months, tuple(_trend(monthly, months, wanted.decimals, [t for t, _ in earlier.tiers]))
    )


def _trend(monthly: Mapping, months: Sequence[Month], decimals: int, order: Sequence[str]):
    for tier in order:
        tallies = {}
        for month, tally in monthly[tier]:
            tallies[month] = tallies[month] + tally if month in tallies else tally
        yield (
            tier,
            tuple(
                figures(tallies[month], decimals=decimals) if month in tallies else None for month in months
            ),
        )


def field_named(code: str) -> Field | None:
    """A field of the catalogue by its code."""
    return Field.objects.filter(code=code).first()


def review_of(unit: Unit, period: Period) -> Review | None:
    """The newest review of the unit and period, if there is one."""
    return Review.objects.filter(unit=unit, period=period.code).order_by("-id").only("pk").first()
