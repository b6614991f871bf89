"""One question of the figures, and its answer by a second opinion: total, tiers and rows of every kind."""

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


def shown(found: Figures) -> Shown:
    return dict(found.counts), dict(found.shares), dict(found.rates), found.estimated


def complete(found: Figures) -> tuple[int, int, set]:
    counts = found.completeness
    return counts.reported, counts.expected, {(one.unit, one.month.month) for one in counts.missing}


def right(told: Told) -> Shown:
    values = {name: told.sums[name] for name in MEASURES}
    blanks = {whole: told.sums[name] or 0 for whole, name in BLANKS.items()}
    return *shown(compute_figures(Tally.of(values, blanks=blanks)))[:3], told.estimated


class Asked:
    """A unit by the units that reported (`day` None) or by those of a day; the rest by chance."""

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
        """Reports count in the tier of who reported; by today's units in that of who has them now."""
        units = self.oracle.units
        if self.then:
            return {pk: one for pk, one in whose.items() if units[pk].tier == tier}
        ends = {pk: {end for end in wanted if units[end].tier == tier} for pk, (_, wanted) in whose.items()}
        return {pk: (whose[pk][0], wanted) for pk, wanted in ends.items() if wanted}

    def told(self, whose: Whose, months: list[int], fields: set[int] | None = None) -> Told:
        return self.oracle.told(whose, months, self.named, fields, alone=self.alone)

    def total(self, months: list[int], fields: set[int] | None = None) -> Told:
        """Tier by tier: a report that was split into two tiers is one in each."""
        found = Told(sums=dict.fromkeys(self.oracle.names))
        for tier in (self.tier,) if self.tier else TIERS:
            found += self.told(self.of_tier(self.whose, tier), months, fields)
        return found

    def row(self, one: Unit) -> Told:
        if self.over:
            whose = self.oracle.came_to(one, self.whose, self.day)
        elif self.day is not None:
            whose = self.oracle.carried(one, self.day, alone=one.pk == self.unit.pk)
        else:
            whose = self.oracle.reported(one)
            whose = {pk: way for pk, way in whose.items() if one.pk != self.unit.pk or pk == one.pk}
        return self.told(self.of_tier(whose, self.tier) if self.tier else whose, self.months)

    def compare(self) -> None:
        by_unit, by_field, by_month = (
            summary(FiguresQuery(self.unit, self.period, by=by, **self.more))
            for by in ("unit", "field", "month")
        )
        expected = self.total(self.months)
        for found in (by_unit, by_field, by_month):
            self.same(found.total, expected)
            for tier in (self.tier,) if self.tier else TIERS:
                theirs, mine = found.tier(tier), self.told(self.of_tier(self.whose, tier), self.months)
                assert theirs is not None or not (mine.expected or mine.reported), (self, tier)
                if theirs is not None:
                    self.same(theirs, mine, tier=True)
        self.units(by_unit)
        for row in by_field.rows:
            told = self.total(self.months, {row.extra["pk"]})
            assert shown(row.figures) == right(told), (self, row.key)
        for month, row in zip(self.months, by_month.rows, strict=True):
            self.same(row.figures, self.total([month]))

    def same(self, found: Figures, told: Told, *, tier: bool = False) -> None:
        """Who lacks after a split into two tiers is named in one of them only."""
        *numbers, missing = complete(found)
        assert numbers == [told.reported, told.expected], self
        assert missing <= told.missing if tier or self.tier else missing == told.missing, self
        assert shown(found) == right(told), self

    def units(self, found) -> None:
        """Each row, that none is left out, and that they add up to the total."""
        shown_rows = {row.extra["pk"]: row.figures for row in found.rows}
        for unit in self.oracle.units.values():
            if unit.pk in shown_rows:
                self.same(shown_rows[unit.pk], self.row(unit))
            elif unit.parent_id == self.unit.pk and not self.over:
                told = self.row(unit)
                assert not (told.reported or told.expected), (self, unit.code)
        for name in MEASURES:
            parts = sum(row.counts[name] or 0 for row in shown_rows.values())
            assert parts == (found.total.counts[name] or 0), (self, name)
