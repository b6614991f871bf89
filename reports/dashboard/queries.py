"""Reads the dashboard's figures, monthly reports, targets and indicators in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils import timezone

from core.database import snapshot
from figures.periods import FIRST_YEAR, Month, Period
from figures.rounding import rounded_percent
from figures.summary import Figures, ShareChange, Summary, compute_figures
from figures.tally import Tally
from records.models import DossierCount, Edition, Indicator, IndicatorValue, RateTarget, State, Submission
from records.storage import tally_of
from records.summary.aggregation import partial_tallies
from records.summary.by_unit import reads_rows_apart, received_tallies, unit_rows
from records.summary.figures_query import FiguresQuery, PartialTally
from records.summary.queries import summary, summary_of_tallies, tallies_by_tier
from reports.models import Review
from reports.year_on_year.comparison import (
    AnyComparableUnits,
    ComparedSummaries,
    comparable_units,
    compare_summaries,
)
from units.models import Unit


def rate_targets(unit: Unit, day) -> list[dict[str, str]]:
    """The targets in force on `day` for the unit, else those of its nearest ancestor that set any for the rate.

    `[{"rate", "tier", "percent", "source"}]`; tier "" is all tiers, percent is text with a dot.
    """
    holders = [unit.pk, *reversed(unit.ancestor_ids())]
    rows = RateTarget.objects.filter(unit__in=holders, valid_from__lte=day).order_by("valid_from")
    targets: dict[tuple[str, str], tuple[int, Decimal, str]] = {}
    for rate, tier, holder, until, *values in rows.values_list(
        "rate", "tier", "unit_id", "valid_until", "percent", "source"
    ):
        place, key = holders.index(holder), (rate, tier)
        if (until is None or until >= day) and (key not in targets or place <= targets[key][0]):
            targets[key] = (place, *values)
    return [
        {"rate": rate, "tier": tier, "percent": decimal_text(percent), "source": source}
        for (rate, tier), (_, percent, source) in sorted(targets.items())
    ]


def reported_indicators(unit: Unit, period: Period, decimals: int) -> list[dict[str, Any]]:
    """The indicators reported for the unit and period, with the same period last year, in their order.

    One query, plus one if any are reported: most units have none.
    """
    before = period.same_last_year().code
    by_period: dict[str, dict[int, IndicatorValue]] = {period.code: {}, before: {}}
    for row in IndicatorValue.objects.filter(unit=unit, period__in=list(by_period)):
        by_period[row.period][row.indicator_id] = row
    reported = by_period[period.code]
    indicators = Indicator.objects.in_bulk(list(reported)) if reported else {}
    ordered = sorted(indicators.values(), key=lambda indicator: (indicator.order, indicator.code))
    return [
        _indicator(indicator, reported[indicator.pk], by_period[before].get(indicator.pk), decimals)
        for indicator in ordered
    ]


def _indicator(
    indicator: Indicator, row: IndicatorValue, before: IndicatorValue | None, decimals: int
) -> dict[str, Any]:
    is_share = indicator.is_share
    return {
        "code": indicator.code,
        "name": indicator.name,
        "group": indicator.group,
        "numerator_name": indicator.numerator_name,
        "denominator_name": indicator.denominator_name,
        "counted_in": indicator.counted_in,
        "is_share": is_share,
        "numerator": row.numerator,
        "denominator": row.denominator,
        "percent": rounded_percent(row.numerator, row.denominator, decimals) if is_share else None,
        "target": None if row.target is None else decimal_text(row.target),
        "before_numerator": before.numerator if before else None,
        "before_denominator": before.denominator if before else None,
        "before_percent": rounded_percent(before.numerator, before.denominator, decimals)
        if before and is_share
        else None,
        "quoted": None if row.quoted is None else f"{row.quoted.normalize():f}",
        "quoted_on": row.quoted_on.isoformat() if row.quoted_on else "",
        "source": row.source,
    }


def decimal_text(number: Decimal) -> str:
    """A target as text with a dot and at least one decimal: Decimal("99.00") → "99.0"."""
    text = f"{number:f}".rstrip("0")
    return text + "0" if text.endswith(".") else text if "." in text else f"{text}.0"


TREND_MONTHS = 18
LONGEST_TREND = 60
MOST_REVIEWS = 20


class ShownPeriods:
    """A figures query with the queries shown beside it: the months of the trend and the same period last year."""

    def __init__(self, query: FiguresQuery) -> None:
        period = query.period
        available = (period.last.year - FIRST_YEAR) * 12 + period.last.month
        length = min(max(len(period.months), TREND_MONTHS), LONGEST_TREND, available)
        # The months of the period, preceded by enough months for a trend.
        self.months = Month.range(period.last.plus(1 - length), period.last)
        # The same query over all shown months; the roster is read once for all of them.
        self.reach = _of_months(query, min(self.months[0], period.same_last_year().first), period.last)
        self.query = replace(query, wider=self.reach)

    @cached_property
    def comparable(self) -> AnyComparableUnits | None:
        """The units that can be compared with last year; None if all can."""
        return comparable_units(self.reach, self.query.period)

    @property
    def last_year(self) -> FiguresQuery:
        """The same query for the same period last year."""
        return replace(self.query, period=self.query.period.same_last_year())

    @property
    def earlier(self) -> FiguresQuery:
        """The same query for the shown months before the period."""
        return _of_months(self.query, self.reach.period.first, self.query.period.first.previous())


def _of_months(query: FiguresQuery, first: Month, last: Month) -> FiguresQuery:
    # Not parsed: with the year before it, the longest period is longer than a request may have.
    return replace(query, period=Period(f"{first}..{last}", first, last))


@dataclass(frozen=True)
class PastFigures:
    """The same period last year, and by tier each month up to the end of the period."""

    before: Summary
    months: tuple[Month, ...]
    tiers: tuple[tuple[str, tuple[Figures, ...]], ...]
    # Both periods limited to comparable units; None if all units are comparable.
    against: ComparedSummaries | None = None


@snapshot()
def current_and_past(shown: ShownPeriods) -> tuple[Summary, PastFigures]:
    """Both from one read, so that partial tallies are aggregated only once."""
    query = shown.query
    if not query.from_sums:
        partials = partial_tallies(query, by_child=query.below)
        return summary(query, partials), past_figures(shown, [*partials, *partial_tallies(shown.earlier)])
    months = partial_tallies(shown.reach)
    within = [month for month in months if month.month.number in query.by_number]
    now = summary(query, None if query.below and not reads_rows_apart(query) else within)
    return now, past_figures(shown, months)


@snapshot()
def past_figures(shown: ShownPeriods, partials: list[PartialTally] | None = None) -> PastFigures:
    """Last year's figures and the trend; reads the months' partial tallies unless `partials` gives them."""
    monthly = tallies_by_tier(shown.reach, partial_tallies(shown.reach) if partials is None else partials)
    earlier = summary_of_tallies(shown.last_year, monthly)
    tiers = _trend(monthly, shown.months, shown.query.decimals, [tier for tier, _ in earlier.tiers])
    against = compare_summaries(shown.comparable, monthly) if shown.comparable is not None else None
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
    """The newest frozen review of the unit and period on this basis, else the newest draft, if any."""
    newest = Review.objects.filter(unit=unit, period=period.code, units_of__isnull=not today).order_by("-id")
    reviews = list(newest.only("pk", "state")[:MOST_REVIEWS])
    return next((review for review in reviews if review.is_frozen), next(iter(reviews), None))


def with_changes(shown: ShownPeriods, summary: Summary) -> Summary:
    """The Summary with `change` set in rows by unit; other rows are unchanged. A fixed number of queries."""
    if summary.by != "unit":
        return summary
    before = _before(shown)
    rows = (
        replace(row, change=ShareChange.between(row.figures, before.get(row.extra["pk"])))
        for row in summary.rows
    )
    return replace(summary, rows=tuple(rows))


def _before(shown: ShownPeriods) -> dict[int, Figures]:
    """Last year's figures of comparable rows, by unit id."""
    query = shown.last_year
    by_unit = summary_of_tallies(query, {}, by="unit", rows=unit_rows(query, received_tallies(query)))
    left_out = shown.comparable.left_rows if shown.comparable else ()
    return {row.extra["pk"]: row.figures for row in by_unit.rows if row.extra["pk"] not in left_out}


_CHIPS = {"draft": "draft", "sent": "wait", "approved": "ok", "returned": "back", "superseded": "none"}
_NOTHING = dict.fromkeys(("received", "received_online", "resolved", "pending_late"))


@dataclass(frozen=True)
class MonthReport:
    """One month of a unit: the submission's id (None if none was opened) and who did what, when."""

    pk: int | None
    month: int
    state: str
    chip: str
    counts: Mapping[str, int | None]
    saved_by: str = ""
    saved_at: datetime | None = None
    sent_by: str = ""
    sent_at: datetime | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    late: bool = False


def month_reports(query: FiguresQuery) -> list[MonthReport]:
    """The unit's submissions in the period, one per month, newest last; two queries (three for a field).

    Counts are of the edition in force at the query's stage; the state is that of the newest edition. As of an earlier
    day both are of the edition that counted then.
    """
    numbers = [month.number for month in query.period.months]
    opened = Submission.objects.filter(unit=query.unit, month__in=numbers)
    submissions = {submission.month: submission for submission in opened}
    editions: dict[int, list[Edition]] = {}
    every = Edition.objects.all() if query.as_of is None else Edition.objects.counted_on(query.as_of)
    for edition in every.filter(submission__in=submissions.values()).order_by("number"):
        editions.setdefault(edition.submission_id, []).append(edition)
    in_force = {pk: _in_force(versions, query) for pk, versions in editions.items()}
    counts = _counts(query, [edition for edition in in_force.values() if edition])
    nothing = "Chưa mở" if query.as_of is None else "Chưa duyệt"
    return [
        _month_report(
            month.number,
            submissions.get(month.number),
            editions,
            in_force,
            counts,
            nothing if query.unit.expected_to_report(*_days(query, month)) else "Không phải báo cáo",
        )
        for month in query.period.months
    ]


def _days(query: FiguresQuery, month: Month) -> tuple[date, date]:
    span = query.calendar.span(month)
    return span.start, span.end


def _in_force(editions: Sequence[Edition], query: FiguresQuery) -> Edition | None:
    if query.as_of is not None:
        return editions[-1]
    states = (State.APPROVED,) if query.include == "approved" else (State.SENT, State.APPROVED)
    by_state = {edition.state: edition for edition in editions}
    return next((by_state[state] for state in states if state in by_state), None)


def _counts(query: FiguresQuery, chosen: Sequence[Edition]) -> dict[int, Mapping[str, int | None]]:
    if query.field is None:
        tallies = {edition.pk: tally_of(edition.__dict__) for edition in chosen}
    else:
        tallies: dict[int, Tally] = {}
        for row in DossierCount.objects.filter(edition__in=chosen, field=query.field):
            tally = tally_of(row.__dict__)
            tallies[row.edition_id] = tallies[row.edition_id] + tally if row.edition_id in tallies else tally
    return {pk: compute_figures(tally).counts for pk, tally in tallies.items()}


def _month_report(number: int, submission, editions, in_force, counts, nothing: str) -> MonthReport:
    versions = editions.get(submission.pk, []) if submission else []
    if not versions:
        return MonthReport(submission.pk if submission else None, number, nothing, "", _NOTHING)
    newest, used = versions[-1], in_force[submission.pk]
    return MonthReport(
        submission.pk,
        number,
        newest.get_state_display(),
        _CHIPS[newest.state],
        counts.get(used.pk, _NOTHING) if used else _NOTHING,
        newest.saved_by,
        newest.saved_at,
        newest.sent_by,
        newest.sent_at,
        newest.decided_by,
        newest.decided_at,
        bool(newest.sent_at and timezone.localdate(newest.sent_at) > submission.due_on),
    )
