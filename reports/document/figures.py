"""The figures of a review: by unit, field and month, last year's, and those that can be compared."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from figures.periods import Calendar, Period
from figures.summary import Summary
from records.summary.aggregation import partial_tallies
from records.summary.queries import summary, tallies_by_tier
from records.summary.query import FiguresQuery
from reports.dashboard.queries import ShownPeriods, with_changes
from reports.models import Review
from reports.year_on_year.comparison import ComparedSummaries, compare_summaries


@dataclass(frozen=True)
class ReviewFigures:
    """What is asked for a review: approved figures of its unit and period, by the units that its makers chose."""

    review: Review
    period: Period
    calendar: Calendar

    @cached_property
    def now(self) -> Summary:
        """Rows by unit, each with its change."""
        return with_changes(self._shown, summary(self._shown.query))

    @cached_property
    def before(self) -> Summary:
        """The same period last year."""
        return self._summary(period=self.period.same_last_year())

    @cached_property
    def compared(self) -> ComparedSummaries | None:
        """None where the same units owed reports in both periods."""
        reach, among = self._shown.reach, self._shown.comparable
        if among is None:
            return None
        return compare_summaries(among, tallies_by_tier(reach, partial_tallies(reach)), self.before)

    @property
    def unit_tiers(self) -> dict[str, str]:
        """Row key → tier, for rows that are one reporting unit; "" for rows that are groups of several tiers."""
        return {row.key: "" if row.extra["has_children"] else row.extra["tier"] for row in self.now.rows}

    def as_data(self) -> dict[str, Any]:
        """What a document keeps of them; `compared` only where there is such a thing."""
        tiers = [tier for tier, _ in self.now.tiers]
        found = {
            "figures": self.now.as_record(),
            "unit_tiers": self.unit_tiers,
            "by_field": [
                {"tier": tier, "figures": self._summary(by="field", tier=tier).as_record()} for tier in tiers
            ],
            "by_month": [
                {
                    "tier": tier,
                    "now": self._online(self.period, tier),
                    "before": self._online(self.period.same_last_year(), tier),
                }
                for tier in (tiers if not self.now.period.one_month else ())
            ],
            "last_year": self.before.as_record(),
        }
        return found | {"compared": self.compared.as_dict()} if self.compared else found

    @cached_property
    def _shown(self) -> ShownPeriods:
        return ShownPeriods(replace(self._query, by="unit"))

    @cached_property
    def _query(self) -> FiguresQuery:
        review = self.review
        return FiguresQuery(
            review.unit, self.period, self.calendar, decimals=review.decimals, today=review.units_of
        )

    def _summary(self, **asked: Any) -> Summary:
        return summary(replace(self._query, **asked))

    def _online(self, period: Period, tier: str) -> list[dict[str, Any]]:
        """The share received online, month by month: what the line of the printed review is drawn from."""
        rows = self._summary(period=period, by="month", tier=tier).rows
        shares = [(row.key, row.figures.shares["online"]) for row in rows]
        return [
            {
                "month": key,
                "percent": one.percent,
                "numerator": one.numerator or 0,
                "denominator": one.denominator or 0,
            }
            for key, one in shares
        ]
