"""Compares one figures query with the oracle: total, tiers and rows of every kind."""

import random
from datetime import date

from figures.measures import MEASURES, WHOLES
from figures.periods import Month, Period
from figures.summary import Figures, compute_figures
from figures.tally import Tally
from records.summary.figures_query import FiguresQuery
from records.summary.queries import summary
from tests.records.conftest import AT
from units.models import Unit

from .missing_reports import Totals
from .oracle import span
from .successor_oracle import Oracle, Sources

PERIODS = ([7], [6, 7], [7, 8], [6, 7, 8], [8], [5, 6, 7, 8, 9])
BLANKS = {name: f"blank_{name}" for name in WHOLES}
TIERS = ("country", "province", "district", "commune")
FigureValues = tuple[dict, dict, dict, bool]


def figure_values(figures: Figures) -> FigureValues:
    return dict(figures.counts), dict(figures.shares), dict(figures.rates), figures.estimated


def completeness_values(figures: Figures) -> tuple[int, int, set]:
    counts = figures.completeness
    return counts.reported, counts.expected, {(report.unit, report.month.month) for report in counts.missing}


def expected_values(totals: Totals) -> FigureValues:
    values = {name: totals.sums[name] for name in MEASURES}
    blanks = {name: totals.sums[column] or 0 for name, column in BLANKS.items()}
    return *figure_values(compute_figures(Tally.of(values, blanks=blanks)))[:3], totals.estimated


class RandomQuery:
    """A random query of a unit, by the units that reported (`day` None) or by those of a day."""

    def __init__(self, unit: Unit, day: date | None, rng: random.Random) -> None:
        self.unit, self.day = unit, day
        self.months = rng.choice(PERIODS)
        self.period = Period.of(Month(2022, self.months[0]), Month(2022, self.months[-1]))
        self.naming_day = day or span(self.months[-1])[1]
        include, external = rng.choice(["approved", "submitted"]), rng.random() < 0.5
        self.tier = rng.choice([None, None, "commune", "district"])
        self.options = {"include": include, "external": external, "tier": self.tier, "today": day}
        if day is None and include == "approved" and rng.random() < 0.3:
            self.options["as_of"] = AT.date()
        self.oracle = Oracle(external, include, (*MEASURES, *BLANKS.values()))
        self.closed = day is not None and unit.is_over(day)
        self.by_reporting_unit = day is None or self.closed
        self.sources = (
            self.oracle.reported_sources(unit)
            if self.by_reporting_unit
            else self.oracle.history_sources(unit, day)
        )
        self.alone = self.oracle.is_alone(unit, self.sources)

    def __repr__(self) -> str:
        return f"{self.unit.code} {self.period} {self.options}"

    def in_tier(self, sources: Sources, tier: str) -> Sources:
        """Reports count in the reporting unit's tier; by current units, in the tier of the unit that has them now."""
        units = self.oracle.units
        if self.by_reporting_unit:
            return {pk: source for pk, source in sources.items() if units[pk].tier == tier}
        ends = {pk: {end for end in chosen if units[end].tier == tier} for pk, (_, chosen) in sources.items()}
        return {pk: (sources[pk][0], chosen) for pk, chosen in ends.items() if chosen}

    def totals(self, sources: Sources, months: list[int], fields: set[int] | None = None) -> Totals:
        return self.oracle.totals(sources, months, self.naming_day, fields, alone=self.alone)

    def totals_by_tier(self, months: list[int], fields: set[int] | None = None) -> Totals:
        """Summed tier by tier: a report split into two tiers counts once in each."""
        totals = Totals(sums=dict.fromkeys(self.oracle.names))
        for tier in (self.tier,) if self.tier else TIERS:
            totals += self.totals(self.in_tier(self.sources, tier), months, fields)
        return totals

    def row_totals(self, unit: Unit) -> Totals:
        if self.closed:
            sources = self.oracle.inherited_sources(unit, self.sources, self.day)
        elif self.day is not None:
            sources = self.oracle.history_sources(unit, self.day, alone=unit.pk == self.unit.pk)
        else:
            sources = self.oracle.reported_sources(unit)
            sources = {
                pk: source for pk, source in sources.items() if unit.pk != self.unit.pk or pk == unit.pk
            }
        return self.totals(self.in_tier(sources, self.tier) if self.tier else sources, self.months)

    def compare(self) -> None:
        by_unit, by_field, by_month = (
            summary(FiguresQuery(self.unit, self.period, by=by, **self.options))
            for by in ("unit", "field", "month")
        )
        expected = self.totals_by_tier(self.months)
        for result in (by_unit, by_field, by_month):
            self.assert_equal(result.total, expected)
            for tier in (self.tier,) if self.tier else TIERS:
                actual = result.tier(tier)
                totals = self.totals(self.in_tier(self.sources, tier), self.months)
                if actual is not None:
                    self.assert_equal(actual, totals, tier=True)
                else:
                    assert not (totals.expected or totals.reported), (self, tier)
        self.compare_rows(by_unit)
        for row in by_field.rows:
            totals = self.totals_by_tier(self.months, {row.extra["pk"]})
            assert figure_values(row.figures) == expected_values(totals), (self, row.key)
        for month, row in zip(self.months, by_month.rows, strict=True):
            self.assert_equal(row.figures, self.totals_by_tier([month]))

    def assert_equal(self, figures: Figures, totals: Totals, *, tier: bool = False) -> None:
        """After a split into two tiers a missing unit is named in only one of them."""
        *numbers, missing = completeness_values(figures)
        assert numbers == [totals.reported, totals.expected], self
        assert missing <= totals.missing if tier or self.tier else missing == totals.missing, self
        assert figure_values(figures) == expected_values(totals), self

    def compare_rows(self, by_unit) -> None:
        """Every row equals the oracle, none is left out, and they add up to the total."""
        rows = {row.extra["pk"]: row.figures for row in by_unit.rows}
        for unit in self.oracle.units.values():
            if unit.pk in rows:
                self.assert_equal(rows[unit.pk], self.row_totals(unit))
            elif unit.parent_id == self.unit.pk and not self.closed:
                totals = self.row_totals(unit)
                assert not (totals.reported or totals.expected), (self, unit.code)
        for name in MEASURES:
            parts = sum(row.counts[name] or 0 for row in rows.values())
            assert parts == (by_unit.total.counts[name] or 0), (self, name)
