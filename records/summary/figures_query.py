"""`FiguresQuery`: the parameters of a figures query, and which units, reports and sums it reads."""

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
    """The columns of a unit directly below that decide whether its sums or its reports are read."""

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
    """Figures of one month and tier. `child`: the id of a unit directly below, or of the unit itself; None unless by
    child. `month` None and `tier` "": a row over the whole period, added up by the database.
    """

    month: Month | None
    tier: str
    tally: Tally
    child: int | None = None
    field: int | None = None


@dataclass(frozen=True)
class FiguresQuery:
    """Parameters of a figures query, the same for pages, files, commands and the API."""

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
    # If more reports are missing, they are counted and not named.
    most_named: int | None = None
    # The same query over more months, whose cached roster is shared.
    wider: "FiguresQuery | None" = None

    @property
    def below(self) -> bool:
        """Whether the rows are units: then the rosters of all units directly below are read at once."""
        return self.by == "unit"

    @property
    def basis(self) -> str:
        """ "reported" or "today"."""
        return "reported" if self.today is None else "today"

    @property
    def added_up(self) -> bool:
        """Whether several units are added up: then dossiers handed over inside a month count once. A single unit is
        shown as it reported.
        """
        return self.unit.has_children or (self.today is not None and self.successor_history.total is not None)

    @cached_property
    def named_on(self) -> date:
        """The day whose units hold their bare codes in results."""
        return self.end if self.today is None else self.today

    @property
    def widest(self) -> "FiguresQuery":
        """The query over the most months whose cache this one shares; without one the query itself."""
        return self if self.wider is None else self.wider.widest

    @cached_property
    def expectations(self) -> dict[int, Any]:
        """The cache of `field_expectation` by field id; used on the widest query."""
        return {}

    @cached_property
    def reported(self) -> "FiguresQuery":
        """The same by the units that reported, without rows."""
        wider = None if self.wider is None else self.wider.reported
        return replace(self, today=None, wider=wider, by=None)

    @property
    def one_field(self) -> tuple[int, ...]:
        """The field id as an argument of a prepared query; empty for all fields."""
        return () if self.field is None else (self.field.pk,)

    @cached_property
    def successor_history(self) -> SuccessorHistory:
        """By today's units: whose reports make up the total and each row. Shared with the wider query."""
        if self.wider is not None:
            return self.wider.successor_history
        children = self.children if self.below else []
        return SuccessorHistory(self.unit, children, self.today, self.external, self.below)

    def within(self, prefix: str = "") -> Q:
        """Condition on a unit's columns (`prefix`: "submission__unit__"): its reports are part of the total."""
        if self.today is not None and self.successor_history.total is not None:
            sources = [
                source
                for source in self.successor_history.total.sources
                if self.tier in (None, source.into or source.tier)
            ]
            return self.successor_history.within(prefix, sources)
        condition = subtree(self.unit.path, f"{prefix}path")
        if self.tier:
            condition &= Q(**{f"{prefix}tier": self.tier})
        return condition if self.external else condition & ~Q(**{f"{prefix}kind": UnitKind.EXTERNAL})

    def expected_units(self) -> UnitQuerySet:
        """Units expected to report in the period within the total."""
        return Unit.objects.filter(self.within(), expected_within(self.start, self.end))

    def places(self, unit: Unit) -> dict[int | None, str]:
        """{row (unit id; None: the total): tier} under which the reports of a unit count."""
        if self.today is not None:
            return self.successor_history.places(unit.pk, unit.path, unit.tier, unit.external)
        rest = unit.path[len(self.unit.path) :].strip("/")
        return {None: unit.tier, int(rest.split("/")[0]) if rest else self.unit.pk: unit.tier}

    @property
    def editions(self) -> QuerySet[Edition]:
        """The editions that count at the stage or day of the query, of all units and months."""
        if self.as_of is not None:
            return Edition.objects.counted_on(self.as_of)
        return Edition.objects.in_force(self.include)

    @cached_property
    def months(self) -> tuple[Month, ...]:
        return self.period.months

    @cached_property
    def by_number(self) -> dict[int, Month]:
        """The months by their number in the database."""
        return {month.number: month for month in self.months}

    @property
    def run(self) -> tuple[int, int]:
        """First and last month number: a range costs one index descent, a list one for each month."""
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
        """Units of the subtree expected to report, month by month, by tier. One query; none with a wider query."""
        if self.wider is not None:
            expected = dict(zip(self.wider.months, self.wider.expected, strict=True))
            return [expected[month] for month in self.months]
        if self.today is not None and self.successor_history.total is not None:
            counted = roster.added_up(self.turns, self.spans)
        else:
            steps = {self.unit.pk: self.turns}
            counted = roster.expected(self.unit, self.spans, external=self.external, steps=steps)
        return [self.of_tier(tiers) for tiers in counted]

    @cached_property
    def turns(self) -> list[tuple[str, date, int, int]]:
        """The roster steps of the total, shared with `expected`. One query; none with a wider query."""
        if self.wider is not None:
            return self.wider.turns
        if self.today is not None and self.successor_history.total is not None:
            return self.successor_history.steps(self.successor_history.total)
        return self.steps_of(self.unit.pk) if self.unit.has_children else []

    @property
    def handover(self) -> Handover:
        """Units that opened inside the first month or closed inside the last."""
        steps = (step for step in self.turns if self.tier in (None, step[0]))
        return Handover.of(steps, self.spans[0], self.spans[-1])

    @property
    def expected_then(self) -> list[dict[tuple[str, str], int]]:
        """As `expected`, by (tier at that time, for the catalogue; tier under which they count)."""
        if self.today is None or self.successor_history.total is None:
            return [{(tier, tier): number for tier, number in tiers.items()} for tiers in self.expected]
        counted = self.successor_history.expected_then(self.successor_history.total, self.spans)
        return [
            {key: count for key, count in kinds.items() if self.tier in (None, key[1])} for kinds in counted
        ]

    @cached_property
    def children(self) -> list[Unit]:
        """The units ever directly below, by tier and name. At most one query; none with a wider query."""
        if not self.unit.has_children:
            return []
        if self.wider is not None:
            return self.wider.children
        return sorted(children_of(self.unit.pk), key=lambda child: (child.tier, child.folded, child.pk))

    @cached_property
    def _branches(self) -> Sequence[Unit | ChildBranch]:
        """The units directly below, as whole units only where rows need them. At most one query."""
        if not self.unit.has_children:
            return []
        if self.wider is not None:
            return self.wider._branches
        return self.children if self.below else [ChildBranch(*row) for row in branches_of(self.unit.pk)]

    @property
    def has_stored_sums(self) -> bool:
        """Whether the unit itself has stored sums; else the sums of the groups below are added up."""
        return self.from_sums and self.unit.has_children and GroupSum.stores(self.unit.tier, self.include)

    @property
    def from_sums(self) -> bool:
        """Whether stored sums suffice: neither as of an earlier day nor by today's units."""
        return self.today is None and self.as_of is None

    @cached_property
    def _steps(self) -> roster.Steps | None:
        """The roster steps of the unit and its child groups, where rows need them; rows by today's units use
        `SuccessorHistory.steps`. One query; none with a wider query.
        """
        if not self.below or self.today is not None:
            return None
        if self.wider is not None:
            return self.wider._steps
        return roster.steps_of([self.unit.pk, *self.child_groups], external=self.external)

    def steps_of(self, group: int) -> list[tuple[str, date, int, int]]:
        """The roster steps of the unit or a group below it. One query; none where `_steps` has them."""
        return (self._steps or roster.steps_of([group], external=self.external))[group]

    @cached_property
    def child_groups(self) -> list[int]:
        """Ids of the groups directly below. Sums are filtered by id: with a join PostgreSQL does not use the index."""
        return [child.pk for child in self._branches if child.has_children]

    @cached_property
    def near(self) -> dict[int, str]:
        """{unit id: tier} of units whose own reports are read: the unit itself and its children without children,
        if they report.
        """
        near = [self.unit, *(child for child in self._branches if not child.has_children)]
        return {
            unit.pk: unit.tier
            for unit in near
            if unit.reports and self.tier in (None, unit.tier) and (self.external or not unit.external)
        }

    @cached_property
    def expected_by_child(self) -> dict[Unit, ExpectedByMonth]:
        """As `expected` for each unit directly below, in the order of `children`. One more query."""
        counted = roster.expected_by_child(
            self.unit, self.spans, external=self.external, children=self.children, steps=self._steps
        )
        return {child: [self.of_tier(tiers) for tiers in counted[child.pk]] for child in self.children}

    def of_tier(self, tiers: dict[str, int]) -> dict[str, int]:
        """The counts of the query's tier; all without one."""
        if self.tier is None:
            return tiers
        return {tier: number for tier, number in tiers.items() if tier == self.tier}
