"""What the dashboard shows, read in a fixed number of queries whatever the number of units, months and
fields.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from core.db.snapshot import snapshot
from figures.periods import FIRST_YEAR, Month, Period
from figures.summary import Figures, ShareChange, Summary, build_summary, compute_figures
from figures.tally import Tally
from records.summary.aggregation import partial_tallies
from records.summary.by_unit import reads_rows_apart, received_tallies, unit_rows
from records.summary.queries import summary, tallies_by_tier
from records.summary.query import FiguresQuery, PartialTally
from reports.models import Review
from reports.year_on_year.comparable_tallies import AnyComparableUnits
from reports.year_on_year.comparison import ComparedSummaries, comparable_units, compare_summaries
from units.models import Unit

from .field_figures import FieldFigures

TREND_MONTHS = 18
LONGEST_TREND = 60
MOST_REVIEWS = 20


class ShownPeriods:
    """What is asked, with what is shown beside it: the months of its trend and the same period last year."""

    def __init__(self, query: FiguresQuery) -> None:
        period = query.period
        known = (period.last.year - FIRST_YEAR) * 12 + period.last.month
        length = min(max(len(period.months), TREND_MONTHS), LONGEST_TREND, known)
        # The months of the trend: those of the period and as many before as make a trend, as far as there are any.
        self.months = Month.range(period.last.plus(1 - length), period.last)
        # The same question of all months that are shown; the roster is read once, for all of them.
        self.reach = _of_months(query, min(self.months[0], period.same_last_year().first), period.last)
        self.query = replace(query, wider=self.reach)

    @cached_property
    def of_field(self) -> FieldFigures | None:
        """What is known of the field that is asked for, read once for all that is shown."""
        return FieldFigures(self.reach, self.query.field) if self.query.field else None

    @cached_property
    def comparable(self) -> AnyComparableUnits | None:
        """Who can be compared with last year; None where that are all."""
        return comparable_units(self.reach, self.query.period, self.of_field.owed if self.of_field else None)

    @property
    def last_year(self) -> FiguresQuery:
        """The same question of the same period last year."""
        return replace(self.query, period=self.query.period.same_last_year())

    @property
    def earlier(self) -> FiguresQuery:
        """The same question of the months before the period that are shown."""
        return _of_months(self.query, self.reach.period.first, self.query.period.first.previous())


def _of_months(query: FiguresQuery, first: Month, last: Month) -> FiguresQuery:
    # Built directly: with the year before it, the longest period is longer than one that may be asked for.
    return replace(query, period=Period(f"{first}..{last}", first, last))


@dataclass(frozen=True)
class PastFigures:
    """The same period last year, and the months up to the end of the period one by one, by tier."""

    before: Summary
    months: tuple[Month, ...]
    tiers: tuple[tuple[str, tuple[Figures, ...]], ...]
    # Both periods by the units that are in both, where the units differ.
    against: ComparedSummaries | None = None


@snapshot()
def current_and_past(shown: ShownPeriods) -> tuple[Summary, PastFigures]:
    """Both at once: months that are added up on reading are so only once."""
    query = shown.query
    if query.field is not None:
        return figures_of(shown), past_figures(shown)
    if not query.from_sums:
        found = partial_tallies(query, by_child=query.below)
        return summary(query, found), past_figures(shown, [*found, *partial_tallies(shown.earlier)])
    months = partial_tallies(shown.reach)
    within = [one for one in months if one.month.number in query.by_number]
    now = summary(query, None if query.below and not reads_rows_apart(query) else within)
    return now, past_figures(shown, months)


def figures_of(shown: ShownPeriods) -> Summary:
    """The one Summary behind page, tables, files and charts."""
    return shown.of_field.summary(shown.query) if shown.of_field else summary(shown.query)


@snapshot()
def past_figures(shown: ShownPeriods, found: list[PartialTally] | None = None) -> PastFigures:
    """Last year's figures and the trend from one reading of the months, in two queries; `found` are their parts, where
    they are at hand.
    """
    query = shown.query
    if shown.of_field is not None:
        monthly = shown.of_field.monthly()
    else:
        monthly = tallies_by_tier(shown.reach, partial_tallies(shown.reach) if found is None else found)
    earlier = build_summary(
        unit=query.unit.code,
        unit_name=query.unit.name,
        period=query.period.same_last_year(),
        tiers=monthly,
        calendar=query.calendar,
        basis=query.basis,
        units_of=query.today,
        include=query.include,
        as_of=query.as_of,
        external=query.external,
        decimals=query.decimals,
    )
    tiers = _trend(monthly, shown.months, query.decimals, [tier for tier, _ in earlier.tiers])
    against, field = None, query.field.name if query.field else ""
    if shown.comparable is not None:
        against = compare_summaries(shown.comparable, monthly, earlier, field)
    return PastFigures(earlier, shown.months, tuple(tiers), against)


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


def frozen_review_for(unit: Unit, period: Period, *, today: bool) -> Review | None:
    """The newest review of the unit and period, told by today's units or as reported, whose figures are closed; without
    one the newest draft, if any.
    """
    of = Review.objects.filter(unit=unit, period=period.code, units_of__isnull=not today)
    found = of.order_by("-id").only("pk", "state")
    reviews = list(found[:MOST_REVIEWS])
    return next((one for one in reviews if one.is_frozen), next(iter(reviews), None))


def with_changes(shown: ShownPeriods, summary: Summary) -> Summary:
    """The same Summary with `change` in its rows by unit; rows by field or month stay as they are. A fixed number of
    queries.
    """
    if summary.by != "unit":
        return summary
    before = _before(shown)
    rows = (
        replace(row, change=ShareChange.between(row.figures, before.get(row.extra["pk"])))
        for row in summary.rows
    )
    return replace(summary, rows=tuple(rows))


def _before(shown: ShownPeriods) -> dict[int, Figures]:
    """Last year's figures of the rows that can be compared, by number of the unit."""
    query = shown.last_year
    if shown.of_field is not None:
        rows = shown.of_field.unit_rows(query)
    else:
        rows = unit_rows(query, received_tallies(query))
    found = build_summary(
        unit=query.unit.code,
        unit_name=query.unit.name,
        period=query.period,
        tiers={},
        by="unit",
        rows=rows,
        calendar=query.calendar,
        decimals=query.decimals,
    )
    left_out = shown.comparable.left_rows if shown.comparable else ()
    return {row.extra["pk"]: row.figures for row in found.rows if row.extra["pk"] not in left_out}
