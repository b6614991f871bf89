"""What the dashboard shows, read in a fixed number of queries whatever the number of units, months and
fields.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from core.db.snapshot import snapshot
from figures.periods import FIRST_YEAR, Calendar, Month, Period
from figures.summary import Figures, ShareChange, Summary, build_summary, compute_figures
from figures.tally import Tally
from records.models import Field
from records.summary.aggregation import partial_tallies
from records.summary.by_unit import reads_rows_apart, received_tallies, unit_rows
from records.summary.queries import summary_of, tallies_by_tier
from records.summary.query import FiguresQuery, PartialTally
from reports.models import Review
from reports.year_on_year.comparable_tallies import AnyComparableUnits
from reports.year_on_year.comparison import ComparedSummaries, comparable_units, compare_summaries
from units.models import Unit

from .field_figures import FieldFigures

TREND_MONTHS = 18
LONGEST_TREND = 60
MOST_REVIEWS = 20


@dataclass(frozen=True)
class DashboardQuery:
    """What is asked: `field` is a field of the catalogue, or None for all of them together; `as_of` a day whose end the
    figures are those of, or None for now; `most_named`: where more reports lack, they are counted and not named.
    """

    unit: Unit
    period: Period
    calendar: Calendar
    include: str
    external: bool
    tier: str | None
    by: str | None
    decimals: int
    field: Field | None = None
    as_of: date | None = None
    today: date | None = None
    most_named: int | None = None

    @cached_property
    def months(self) -> tuple[Month, ...]:
        """The months of the trend: those of the period and as many before as make a trend, as far as there are any."""
        last = self.period.last
        known = (last.year - FIRST_YEAR) * 12 + last.month
        length = min(max(len(self.period.months), TREND_MONTHS), LONGEST_TREND, known)
        return Month.range(last.plus(1 - length), last)

    @cached_property
    def reach(self) -> FiguresQuery:
        """The same question of all months that are shown: of the period, the trend and the same period last year."""
        first, last = min(self.months[0], self.period.same_last_year().first), self.period.last
        # Built directly: with the year before it, the longest period is longer than one that may be asked for.
        return self._question(Period(f"{first}..{last}", first, last))

    @cached_property
    def of_field(self) -> FieldFigures | None:
        """What is known of the field that is asked for, read once for all that is shown."""
        return FieldFigures(self.reach, self.field) if self.field else None

    @cached_property
    def comparable(self) -> AnyComparableUnits | None:
        """Who can be compared with last year; None where that are all."""
        return comparable_units(self.reach, self.period, self.of_field.owed if self.of_field else None)

    @cached_property
    def question(self) -> FiguresQuery:
        """The question of the period itself."""
        return self._question(self.period, self.reach)

    @property
    def last_year(self) -> FiguresQuery:
        """The same question of the same period last year."""
        return self._question(self.period.same_last_year(), self.reach)

    @property
    def earlier(self) -> FiguresQuery:
        """The same question of the months before the period that are shown."""
        first, last = self.reach.period.first, self.period.first.previous()
        return self._question(Period(f"{first}..{last}", first, last), self.reach)

    def _question(self, period: Period, wider: FiguresQuery | None = None) -> FiguresQuery:
        below = self.by == "unit"
        return FiguresQuery(
            self.unit,
            period,
            self.calendar,
            self.include,
            self.external,
            self.tier,
            wider,
            self.as_of,
            below,
            self.today,
        )


@dataclass(frozen=True)
class PastFigures:
    """The same period last year, and the months up to the end of the period one by one, by tier."""

    before: Summary
    months: tuple[Month, ...]
    tiers: tuple[tuple[str, tuple[Figures, ...]], ...]
    # Both periods by the units that are in both, where the units differ.
    against: ComparedSummaries | None = None


@snapshot()
def current_and_past(wanted: DashboardQuery) -> tuple[Summary, PastFigures]:
    """Both at once: months that are added up on reading are so only once."""
    if wanted.of_field is not None:
        return figures_of(wanted), past_figures(wanted)
    question, by_unit = wanted.question, wanted.by == "unit"
    if not question.from_sums:
        found = partial_tallies(question, by_child=by_unit)
        return figures_of(wanted, found), past_figures(wanted, [*found, *partial_tallies(wanted.earlier)])
    months = partial_tallies(wanted.reach)
    within = [one for one in months if one.month.number in question.by_number]
    return figures_of(wanted, None if by_unit and not reads_rows_apart(question) else within), past_figures(
        wanted, months
    )


def figures_of(wanted: DashboardQuery, found: list[PartialTally] | None = None) -> Summary:
    """The one Summary behind page, tables, files and charts; `found` are its parts, where they are at hand."""
    if wanted.of_field is not None:
        return wanted.of_field.summary(wanted.question, by=wanted.by, decimals=wanted.decimals)
    return summary_of(
        wanted.question, by=wanted.by, decimals=wanted.decimals, found=found, most_named=wanted.most_named
    )


@snapshot()
def past_figures(wanted: DashboardQuery, found: list[PartialTally] | None = None) -> PastFigures:
    """Last year's figures and the trend from one reading of the months, in two queries; `found` are their parts, where
    they are at hand.
    """
    if wanted.of_field is not None:
        monthly = wanted.of_field.monthly()
    else:
        monthly = tallies_by_tier(wanted.reach, partial_tallies(wanted.reach) if found is None else found)
    earlier = build_summary(
        unit=wanted.unit.code,
        unit_name=wanted.unit.name,
        period=wanted.period.same_last_year(),
        tiers=monthly,
        calendar=wanted.calendar,
        basis="reported" if wanted.today is None else "today",
        units_of=wanted.today,
        include=wanted.include,
        as_of=wanted.as_of,
        external=wanted.external,
        decimals=wanted.decimals,
    )
    tiers = _trend(monthly, wanted.months, wanted.decimals, [tier for tier, _ in earlier.tiers])
    against, field = None, wanted.field.name if wanted.field else ""
    if wanted.comparable is not None:
        against = compare_summaries(wanted.comparable, monthly, earlier, field)
    return PastFigures(earlier, wanted.months, tuple(tiers), against)


def _trend(monthly: Mapping, months: Sequence[Month], decimals: int, order: Sequence[str]):
    for tier in order:
        of_month = defaultdict(list)
        for month, tally in monthly[tier]:
            of_month[month].append(tally)
        tallies = {month: Tally.total(several) for month, several in of_month.items()}
        yield (
            tier,
            tuple(
                compute_figures(tallies[month], decimals=decimals) if month in tallies else None
                for month in months
            ),
        )


def field_named(code: str) -> Field | None:
    """A field of the catalogue by its code."""
    return Field.objects.filter(code=code).first()


def frozen_review_for(unit: Unit, period: Period, *, today: bool) -> Review | None:
    """The newest review of the unit and period, told by today's units or as reported, whose figures are closed; without
    one the newest draft, if any.
    """
    of = Review.objects.filter(unit=unit, period=period.code, units_of__isnull=not today)
    found = of.order_by("-id").only("pk", "state")
    reviews = list(found[:MOST_REVIEWS])
    return next((one for one in reviews if one.is_frozen), next(iter(reviews), None))


def with_changes(wanted: DashboardQuery, summary: Summary) -> Summary:
    """The same Summary with `change` in its rows by unit; rows by field or month stay as they are. A fixed number of
    queries.
    """
    if summary.by != "unit":
        return summary
    before = _before(wanted)
    rows = (
        replace(row, change=ShareChange.between(row.figures, before.get(row.extra["pk"])))
        for row in summary.rows
    )
    return replace(summary, rows=tuple(rows))


def _before(wanted: DashboardQuery) -> dict[int, Figures]:
    """Last year's figures of the rows that can be compared, by number of the unit."""
    question = wanted.last_year
    if wanted.of_field is not None:
        rows = wanted.of_field.unit_rows(question)
    else:
        rows = unit_rows(question, received_tallies(question))
    found = build_summary(
        unit=wanted.unit.code,
        unit_name=wanted.unit.name,
        period=question.period,
        tiers={},
        by="unit",
        rows=rows,
        calendar=wanted.calendar,
        decimals=wanted.decimals,
    )
    left_out = wanted.comparable.left_rows if wanted.comparable else ()
    return {row.extra["pk"]: row.figures for row in found.rows if row.extra["pk"] not in left_out}
