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

from .missing_reports import Told
from .oracle import span
from .successor_oracle import Oracle, Whose

PERIODS = ([7], [6, 7], [7, 8], [6, 7, 8], [8], [5, 6, 7, 8, 9])
BLANKS = {whole: f"blank_{whole}" for whole in WHOLES}
TIERS = ("country", "province", "district", "commune")
Shown = tuple[dict, dict, dict, bool]


def shown(figures: Figures) -> Shown:
    return dict(figures.counts), dict(figures.shares), dict(figures.rates), figures.estimated


def complete(figures: Figures) -> tuple[int, int, set]:
    counts = figures.completeness
    return counts.reported, counts.expected, {(report.unit, report.month.month) for report in counts.missing}


def right(tally: Told) -> Shown:
    values = {name: tally.sums[name] for name in MEASURES}
    blanks = {whole: tally.sums[name] or 0 for whole, name in BLANKS.items()}
    return *shown(compute_figures(Tally.of(values, blanks=blanks)))[:3], tally.estimated


class Asked:
    """A random query of a unit, by the units that reported (`day` None) or by those of a day."""

    def __init__(self, unit: Unit, day: date | None, chance: random.Random) -> None:
        self.unit, self.day = unit, day
        self.months = chance.choice(PERIODS)
        self.period = Period.of(Month(2022, self.months[0]), Month(2022, self.months[-1]))
        self.named = day or span(self.months[-1])[1]
        include, external = chance.choice(["approved", "submitted"]), chance.random() < 0.5
        self.tier = chance.choice([None, None, "commune", "district"])
        self.more = {"include": include, "external": external, "tier": self.tier, "today": day}
        if day is None and include == "approved" and chance.random() < 0.3:
            self.more["as_of"] = AT.date()
        self.oracle = Oracle(external, include, (*MEASURES, *BLANKS.values()))
        self.over = day is not None and unit.is_over(day)
        self.then = day is None or self.over
        self.whose = self.oracle.reported(unit) if self.then else self.oracle.carried(unit, day)
        self.alone = self.oracle.alone(unit, self.whose)

    def __repr__(self) -> str:
        return f"{self.unit.code} {self.period} {self.more}"

    def of_tier(self, whose: Whose, tier: str) -> Whose:
        """Reports count in the reporting unit's tier; by current units, in the tier of the unit that has them now."""
        units = self.oracle.units
        if self.then:
            return {pk: source for pk, source in whose.items() if units[pk].tier == tier}
        ends = {
            pk: {end for end in kept_ends if units[end].tier == tier} for pk, (_, kept_ends) in whose.items()
        }
        return {pk: (whose[pk][0], kept_ends) for pk, kept_ends in ends.items() if kept_ends}

    def tally(self, whose: Whose, months: list[int], fields: set[int] | None = None) -> Told:
        return self.oracle.told(whose, months, self.named, fields, alone=self.alone)

    def total(self, months: list[int], fields: set[int] | None = None) -> Told:
        """Summed tier by tier: a report split into two tiers counts once in each."""
        tally = Told(sums=dict.fromkeys(self.oracle.names))
        for tier in (self.tier,) if self.tier else TIERS:
            tally += self.tally(self.of_tier(self.whose, tier), months, fields)
        return tally

    def row(self, unit: Unit) -> Told:
        if self.over:
            whose = self.oracle.came_to(unit, self.whose, self.day)
        elif self.day is not None:
            whose = self.oracle.carried(unit, self.day, alone=unit.pk == self.unit.pk)
        else:
            whose = self.oracle.reported(unit)
            whose = {pk: way for pk, way in whose.items() if unit.pk != self.unit.pk or pk == unit.pk}
        return self.tally(self.of_tier(whose, self.tier) if self.tier else whose, self.months)

    def compare(self) -> None:
        by_unit, by_field, by_month = (
            summary(FiguresQuery(self.unit, self.period, by=by, **self.more))
            for by in ("unit", "field", "month")
        )
        expected = self.total(self.months)
        for result in (by_unit, by_field, by_month):
            self.same(result.total, expected)
            for tier in (self.tier,) if self.tier else TIERS:
                theirs, mine = result.tier(tier), self.tally(self.of_tier(self.whose, tier), self.months)
                assert theirs is not None or not (mine.expected or mine.reported), (self, tier)
                if theirs is not None:
                    self.same(theirs, mine, tier=True)
        self.units(by_unit)
        for row in by_field.rows:
            tally = self.total(self.months, {row.extra["pk"]})
            assert shown(row.figures) == right(tally), (self, row.key)
        for month, row in zip(self.months, by_month.rows, strict=True):
            self.same(row.figures, self.total([month]))

    def same(self, figures: Figures, tally: Told, *, tier: bool = False) -> None:
        """After a split into two tiers a missing unit is named in only one of them."""
        *numbers, missing = complete(figures)
        assert numbers == [tally.reported, tally.expected], self
        assert missing <= tally.missing if tier or self.tier else missing == tally.missing, self
        assert shown(figures) == right(tally), self

    def units(self, by_unit) -> None:
        """Every row equals the oracle, none is left out, and they add up to the total."""
        shown_rows = {row.extra["pk"]: row.figures for row in by_unit.rows}
        for unit in self.oracle.units.values():
            if unit.pk in shown_rows:
                self.same(shown_rows[unit.pk], self.row(unit))
            elif unit.parent_id == self.unit.pk and not self.over:
                tally = self.row(unit)
                assert not (tally.reported or tally.expected), (self, unit.code)
        for name in MEASURES:
            parts = sum(row.counts[name] or 0 for row in shown_rows.values())
            assert parts == (by_unit.total.counts[name] or 0), (self, name)
