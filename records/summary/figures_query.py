"""`FiguresQuery`: what is asked of the figures, and whose reports and sums answer it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from core.database import PreparedQuery
from figures.periods import Calendar, Month, Period
from figures.tally import Tally
from figures.unit_changes import Handover
from records.calendar.queries import stored_calendar
from records.models import Edition, Field, GroupSum, Stage
from units.models import Unit, UnitKind, UnitQuerySet, expected_within, subtree
from units.tree import roster

from .successor_history import SuccessorHistory

ROW_KINDS = ("unit", "field", "month")


class ChildBranch(NamedTuple):
    """Of a unit directly below what tells whose sums and reports are read."""

    pk: int
    tier: str
    has_children: bool
    reports: bool
    external: bool


children_of = PreparedQuery(lambda parent: Unit.objects.filter(parent=parent).order_by(), int)
branches_of = PreparedQuery(
    lambda parent: (
        Unit.objects.filter(parent=parent)
        .order_by()
        .values_list("pk", "tier", "has_children", "reports", Q(kind=UnitKind.EXTERNAL))
    ),
    int,
)

ExpectedByMonth = list[dict[str, int]]  # number of units: one dict per month of the period, by tier


class PartialTally(NamedTuple):
    """Figures of one month and tier; `child`, where asked for, is the number of a unit directly below (or of the unit
    itself). Without a month and tier: of a row over the whole period, added up by the database.
    """

    month: Month | None
    tier: str
    tally: Tally
    child: int | None = None
    field: int | None = None


@dataclass(frozen=True)
class FiguresQuery:
    """What is asked of the figures, by page, file, command and API alike."""

    unit: Unit
    period: Period
    calendar: Calendar = dataclass_field(default_factory=stored_calendar)
    # A stage: "approved", or "submitted" for what is not approved yet as well.
    include: str = Stage.APPROVED
    external: bool = False
    # Narrows everything to one tier.
    tier: str | None = None
    # What the rows are: "unit" (those directly below), "field" or "month"; None: no rows.
    by: str | None = None
    decimals: int = 1
    # None: all fields of the catalogue together.
    field: Field | None = None
    # The approved figures as they counted at the end of this day; None: as they count now. Never with `today`.
    as_of: date | None = None
    # The reader's day: figures by the units of that day, history carried over. None: by the units that reported.
    today: date | None = None
    # Where more reports lack, they are counted and not named.
    most_named: int | None = None
    # The same of more months, whose roster may have been read already.
    wider: "FiguresQuery | None" = None

    @property
    def below(self) -> bool:
        """Whether the units directly below are asked for as well: then the roster of all is read at once."""
        return self.by == "unit"

    @property
    def basis(self) -> str:
        """ "reported" or "today"."""
        return "reported" if self.today is None else "today"

    @property
    def added_up(self) -> bool:
        """Whether reports of several units are told together, or as parts of a whole: then what one handed over to
        another inside a month counts once. A unit by itself is told as it reported.
        """
        return self.unit.has_children or (self.today is not None and self.carried.total is not None)

    @cached_property
    def named_on(self) -> date:
        """The day whose units hold their bare codes in results."""
        return self.end if self.today is None else self.today

    @property
    def widest(self) -> "FiguresQuery":
        """The question of the most months that this one shares what it read with; the question itself without one."""
        return self if self.wider is None else self.wider.widest

    @cached_property
    def expectations(self) -> dict[int, Any]:
        """Of the widest question: what `field_expectation` keeps, by the number of a field."""
        return {}

    @cached_property
    def reported(self) -> "FiguresQuery":
        """The same by the units that reported, without rows."""
        wider = None if self.wider is None else self.wider.reported
        return replace(self, today=None, wider=wider, by=None)

    @property
    def one_field(self) -> tuple[int, ...]:
        """The number of the field as an argument of a prepared query; none where all fields are asked for."""
        return () if self.field is None else (self.field.pk,)

    @cached_property
    def carried(self) -> SuccessorHistory:
        """By today's units: whose reports make up the total and each row. No query after a wider question."""
        if self.wider is not None:
            return self.wider.carried
        children = self.children if self.below else []
        return SuccessorHistory(self.unit, children, self.today, self.external, self.below)

    def within(self, prefix: str = "") -> Q:
        """Condition on a unit's columns (`prefix`: "submission__unit__"): its reports are part of the total."""
        if self.today is not None and self.carried.total is not None:
            kept = [
                source
                for source in self.carried.total.sources
                if self.tier in (None, source.into or source.tier)
            ]
            return self.carried.within(prefix, kept)
        found = subtree(self.unit.path, f"{prefix}path")
        if self.tier:
            found &= Q(**{f"{prefix}tier": self.tier})
        return found if self.external else found & ~Q(**{f"{prefix}kind": UnitKind.EXTERNAL})

    def owing(self) -> UnitQuerySet:
        """Units that owe a report of the period which is part of the total."""
        return Unit.objects.filter(self.within(), expected_within(self.start, self.end))

    def places(self, unit: Unit) -> dict[int | None, str]:
        """Rows (None: the total) that a unit's reports are part of, with the tier that they count under there."""
        if self.today is not None:
            return self.carried.places(unit.pk, unit.path, unit.tier, unit.external)
        rest = unit.path[len(self.unit.path) :].strip("/")
        return {None: unit.tier, int(rest.split("/")[0]) if rest else self.unit.pk: unit.tier}

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
        return [(span.start, span.end) for span in map(self.calendar.span, self.months)]

    @property
    def start(self) -> date:
        return self.spans[0][0]

    @property
    def end(self) -> date:
        return self.spans[-1][1]

    @cached_property
    def expected(self) -> ExpectedByMonth:
        """Units of the subtree that owe a report, month by month, by tier. One query; none after a wider question."""
        if self.wider is not None:
            known = dict(zip(self.wider.months, self.wider.expected, strict=True))
            return [known[month] for month in self.months]
        if self.today is not None and self.carried.total is not None:
            counted = roster.added_up(self.turns, self.spans)
        else:
            steps = {self.unit.pk: self.turns}
            counted = roster.expected(self.unit, self.spans, external=self.external, steps=steps)
        return [self.of_tier(tiers) for tiers in counted]

    @cached_property
    def turns(self) -> list[tuple[str, date, int, int]]:
        """The roster steps of all that makes up the total. One query that `expected` shares; none after a wider one."""
        if self.wider is not None:
            return self.wider.turns
        if self.today is not None and self.carried.total is not None:
            return self.carried.steps(self.carried.total)
        return self.steps_of(self.unit.pk) if self.unit.has_children else []

    @property
    def handover(self) -> Handover:
        """Where units began inside the first month or were over inside the last."""
        steps = (step for step in self.turns if self.tier in (None, step[0]))
        return Handover.of(steps, self.spans[0], self.spans[-1])

    @property
    def expected_then(self) -> list[dict[tuple[str, str], int]]:
        """The same by the tier that units had when they reported, which the catalogue goes by, and the one they count
        under.
        """
        if self.today is None or self.carried.total is None:
            return [{(tier, tier): number for tier, number in tiers.items()} for tiers in self.expected]
        counted = self.carried.expected_then(self.carried.total, self.spans)
        return [{key: one for key, one in kinds.items() if self.tier in (None, key[1])} for kinds in counted]

    @cached_property
    def children(self) -> list[Unit]:
        """The units directly below, of all times, in the order of tier and name. One query; none for a unit without
        any or after a wider question.
        """
        if not self.unit.has_children:
            return []
        if self.wider is not None:
            return self.wider.children
        return sorted(children_of(self.unit.pk), key=lambda child: (child.tier, child.folded, child.pk))

    @cached_property
    def _branches(self) -> Sequence[Unit | ChildBranch]:
        """The units directly below as far as it tells whose sums and reports are read: whole units only where rows need
        them. One query at most, as for `children`.
        """
        if not self.unit.has_children:
            return []
        if self.wider is not None:
            return self.wider._branches
        return self.children if self.below else [ChildBranch(*row) for row in branches_of(self.unit.pk)]

    @property
    def kept(self) -> bool:
        """Whether sums of the unit itself are kept: else the country is added up from those below it."""
        return self.from_sums and self.unit.has_children and GroupSum.stores(self.unit.tier, self.include)

    @property
    def from_sums(self) -> bool:
        """Whether kept sums answer alone: neither of an earlier day nor by today's units."""
        return self.today is None and self.as_of is None

    @cached_property
    def _steps(self) -> roster.Steps | None:
        """Those of the unit and its child groups, where both are asked for; rows by today's units have steps of their
        own (`Carried.steps`). One query; none after a wider question.
        """
        if not self.below or self.today is not None:
            return None
        if self.wider is not None:
            return self.wider._steps
        return roster.steps_of([self.unit.pk, *self.child_groups], external=self.external)

    def steps_of(self, group: int) -> list[tuple[str, date, int, int]]:
        """The roster steps of the unit or a group below it. One query, none where those of the rows are read."""
        return (self._steps or roster.steps_of([group], external=self.external))[group]

    @cached_property
    def child_groups(self) -> list[int]:
        """Numbers of the groups directly below. Sums are asked for by them: a join leads PostgreSQL past the index."""
        return [child.pk for child in self._branches if child.has_children]

    @cached_property
    def near(self) -> dict[int, str]:
        """Tiers, by unit number, of those whose own reports are read: the unit itself and its children without any, as
        far as they ever report.
        """
        near = [self.unit, *(child for child in self._branches if not child.has_children)]
        return {
            one.pk: one.tier
            for one in near
            if one.reports and self.tier in (None, one.tier) and (self.external or not one.external)
        }

    @cached_property
    def expected_by_child(self) -> dict[Unit, ExpectedByMonth]:
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
