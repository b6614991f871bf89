"""What is asked of the figures: one unit and period, and which figures count. Everything else follows from it."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db.models import QuerySet

from figures.periods import Calendar, Month, Period
from records.models import Edition, Stage
from units import roster
from units.models import Tier, Unit

# Number of units expected: one dict per month of the period, by tier.
Expected = list[dict[str, int]]


@dataclass(frozen=True)
class Question:
    """`include` is a stage ("approved", "submitted"); `tier` narrows everything to one tier."""

    unit: Unit
    period: Period
    days: Calendar
    include: str = Stage.APPROVED
    external: bool = False
    tier: str | None = None
    # The same of more months, whose roster may have been read already.
    wider: "Question | None" = None
    # The figures as they counted at the end of this day; None: as they count now.
    as_of: date | None = None
    # Whether the units directly below are asked for as well: then the roster of all is read at once.
    below: bool = False

    @property
    def editions(self) -> QuerySet[Edition]:
        """The editions that count for what is asked, of all units and months."""
        if self.as_of is not None:
            return Edition.objects.counted_on(self.as_of)
        return Edition.objects.in_force(self.include)

    @cached_property
    def months(self) -> tuple[Month, ...]:
        return self.period.months

    @cached_property
    def by_number(self) -> dict[int, Month]:
        """The months by the number under which the database keeps them."""
        return {month.number: month for month in self.months}

    @property
    def run(self) -> tuple[int, int]:
        """First and last of these numbers: as a range, months cost one descent of an index; listed, one each."""
        return self.period.first.number, self.period.last.number

    @cached_property
    def spans(self) -> list[tuple[date, date]]:
        return [(span.start, span.end) for span in map(self.days.span, self.months)]

    @property
    def start(self) -> date:
        return self.spans[0][0]

    @property
    def end(self) -> date:
        return self.spans[-1][1]

    @cached_property
    def expected(self) -> Expected:
        """Units of the subtree that owe a report, month by month, by tier. One query; none after a wider question."""
        if self.wider is not None:
            known = dict(zip(self.wider.months, self.wider.expected, strict=True))
            return [known[month] for month in self.months]
        counted = roster.expected(self.unit, self.spans, external=self.external, steps=self._steps)
        return [self.of_tier(tiers) for tiers in counted]

    @cached_property
    def children(self) -> list[Unit]:
        """The units directly below, of all times, in the order of tier and name. One query; none for a unit without
        any or after a wider question.
        """
        if not self.unit.has_children:
            return []
        if self.wider is not None:
            return self.wider.children
        below = Unit.objects.filter(parent=self.unit).order_by()
        return sorted(below, key=lambda child: (child.tier, child.folded, child.pk))

    @property
    def kept(self) -> bool:
        """Whether sums of the unit itself are kept: the country is added up from those below it, an earlier day from
        its editions.
        """
        return self.unit.has_children and self.unit.tier != Tier.COUNTRY and self.as_of is None

    @cached_property
    def _steps(self) -> roster.Steps | None:
        """Those of the unit and its child groups, where both are asked for. One query; none after a wider question."""
        if not self.below:
            return None
        if self.wider is not None:
            return self.wider._steps
        return roster.steps_of([self.unit.pk, *self.child_groups], external=self.external)

    @cached_property
    def child_groups(self) -> list[int]:
        """Numbers of the groups directly below. Sums are asked for by them: a join leads PostgreSQL past the index."""
        return [child.pk for child in self.children if child.has_children]

    @cached_property
    def near(self) -> dict[int, str]:
        """Tiers, by unit number, of those whose own reports are read: the unit itself and its children without any, as
        far as they ever report.
        """
        near = [self.unit, *(child for child in self.children if not child.has_children)]
        return {
            one.pk: one.tier
            for one in near
            if one.reports and self.tier in (None, one.tier) and (self.external or not one.external)
        }

    @cached_property
    def expected_by_child(self) -> dict[Unit, Expected]:
        """The same for each unit directly below, in the order of `children`. One query besides them."""
        counted = roster.expected_by_child(
            self.unit, self.spans, external=self.external, children=self.children, steps=self._steps
        )
        return {child: [self.of_tier(tiers) for tiers in counted[child.pk]] for child in self.children}

    def of_tier(self, tiers: dict[str, int]) -> dict[str, int]:
        """The counts that this question is about."""
        if self.tier is None:
            return tiers
        return {tier: number for tier, number in tiers.items() if tier == self.tier}
