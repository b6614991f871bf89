"""Which units can be compared with the same period last year, as reported or by today's units, and which are
left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import ClassVar, NamedTuple

from django.db.models import Count, Q, Window

from figures.periods import Month, Period
from records.summary.figures_query import FiguresQuery
from units.models import Unit, UnitQuerySet, expected_within, subtree
from units.tree import roster
from units.tree.queries import UnitRow, unit_rows

from .succession_breaks import (
    BothPeriods,
    history_units,
    incomparable_units,
    reporting_condition,
    rows_containing,
)

# Roster steps give both counts; only the smaller part is listed unit by unit, without groups in which no unit
# opened or closed.

# Limit of names: after a nationwide merger all communes are left out.
NAMED = 100


class ReportingUnit(NamedTuple):
    """A unit, and from when to when it reports."""

    pk: int
    tier: str
    name: str
    folded: str
    active_from: date
    until: date | None


class RosterChange(NamedTuple):
    """What the steps of a group tell of the units below it: how many of each tier stay, how many came or went. Where
    some may have done both (`passing`), more stay than is told here, and fewer changed.
    """

    stay: Mapping[str, int]
    changed: int
    passing: bool

    @property
    def staying(self) -> int:
        """Units that stay, of all tiers."""
        return sum(self.stay.values())


@dataclass(frozen=True)
class ComparableUnits:
    """Of what `reach` asks, in a period and the same period last year, which are among its months; of all fields, or of
    one that all units of these `tiers` owe throughout, and no others.
    """

    reach: FiguresQuery
    period: Period
    tiers: Set[str] | None = None

    divided: ClassVar[Set[int]] = frozenset()
    id_count: ClassVar[int] = 0

    @property
    def first_end(self) -> date:
        """The last day of the first month last year: who opens later cannot be compared."""
        return self.spans[self._earlier.first][1]

    @property
    def last_start(self) -> date:
        """The first day of the last month of the period: who closes earlier cannot be compared."""
        return self.spans[self.period.last][0]

    @cached_property
    def months(self) -> Sequence[Month]:
        """The months of both periods, which overlap where these are longer than a year."""
        return sorted({*self._earlier.months, *self.period.months})

    @cached_property
    def spans(self) -> dict[Month, tuple[date, date]]:
        """First and last day of each month."""
        return dict(zip(self.reach.months, self.reach.spans, strict=True))

    def reports_throughout(self, unit: Unit | UnitRow) -> bool:
        """Whether a unit was expected to report throughout."""
        return unit.expected_to_report(self.first_end, self.first_end) and unit.expected_to_report(
            self.last_start, self.last_start
        )

    @property
    def moved(self) -> bool:
        """Whether anything opened or closed between the first month of one period and the last of the other. One query;
        none of a unit without any below, or where the roster of the rows has been read.
        """
        unit = self.reach.unit
        if not unit.has_children:
            return self._counts(unit.tier) and not self.reports_throughout(unit)
        return self._moved(self.reach.turns)

    @property
    def left_rows(self) -> Set[int]:
        """Numbers of the units directly below (and of the unit itself) in which not the same units owed both periods.
        No query where the roster of the rows has been read.
        """
        reach = self.reach
        return {
            row.pk
            for row in (reach.unit, *reach.children)
            if (
                self._moved(reach.steps_of(row.pk))
                if row.has_children and row.pk != reach.unit.pk
                else not self.reports_throughout(row)
            )
        }

    @property
    def more_stay(self) -> bool:
        """Whether more units stay than are left out; the smaller part is listed."""
        return self._change.changed <= self._change.staying

    @cached_property
    def number_left_out(self) -> int:
        """No query after listing them, or where nobody can have come and gone meanwhile; else one."""
        if not self.moved:
            return 0
        if self.more_stay:
            return len(self.left_out)
        return self._units_left_out.count() if self._change.passing else self._change.changed

    @property
    def names_left_out(self) -> tuple[str, ...]:
        """The first of them by name. No query after listing them, else one."""
        if self.more_stay:
            return tuple(unit.name for unit in self.left_out[:NAMED])
        return tuple(self._units_left_out.first_by_name(NAMED).values_list("name", flat=True))

    @cached_property
    def left_out(self) -> list[ReportingUnit]:
        """All units left out, by name. One query."""
        units = [ReportingUnit(*row) for row in self._units_left_out.values_list(*ReportingUnit._fields)]
        return sorted(units, key=lambda unit: (unit.folded, unit.pk))

    @cached_property
    def calm(self) -> dict[int, RosterChange]:
        """Groups directly below in which somebody stays, and nobody came or went; by number. Two queries at most. None
        where no sums tell what they reported.
        """
        reach = self.reach
        groups = reach.child_groups if self._any_stay and reach.from_sums else []
        if reach.below:
            steps = {group: reach.steps_of(group) for group in groups}
        else:
            steps = roster.steps_of(groups, external=reach.external)
        changes = ((group, self._change_in(steps[group])) for group in groups)
        return {group: change for group, change in changes if change.staying and not change.changed}

    def staying(self, prefix: str) -> Q:
        """Condition on a unit's columns (`prefix`: "submission__unit__"): it was expected to report throughout."""
        condition = Q(**{f"{prefix}active_from__lte": self.first_end})
        for until in ("active_until", "reports_until"):
            condition &= Q(**{f"{prefix}{until}": None}) | Q(**{f"{prefix}{until}__gte": self.last_start})
        return condition

    def expected(self, units: Iterable[ReportingUnit]) -> Iterator[tuple[str, Month, int]]:
        """How many of these are expected to report, by tier and month."""
        # Thousands of units share a handful of opening and closing days.
        kinds = Counter((unit.tier, unit.active_from, unit.until) for unit in units)
        for (tier, since, until), count in kinds.items():
            for month in self.months:
                start, end = self.spans[month]
                if since <= end and (until is None or until >= start):
                    yield tier, month, count

    @property
    def expected_calm(self) -> Iterator[tuple[str, Month, int]]:
        """Like `expected`, for calm groups."""
        stay = Counter()
        for change in self.calm.values():
            stay.update(change.stay)
        return ((tier, month, count) for tier, count in stay.items() for month in self.months)

    @property
    def others(self) -> list[ReportingUnit]:
        """Those that stay in other groups, and beside them. One query; none where the steps tell that nobody does."""
        if not self._change.passing and self._change.staying == sum(
            change.staying for change in self.calm.values()
        ):
            return []
        units = self._of_tiers(Unit.objects.reporting().filter(self.reach.within())).with_until()
        units = units.filter(self.staying(""))
        for group in self.calm:
            units = units.exclude(subtree(f"{self.reach.unit.path}{group}/"))
        return [ReportingUnit(*row) for row in units.order_by().values_list(*ReportingUnit._fields)]

    @cached_property
    def _earlier(self) -> Period:
        return self.period.same_last_year()

    @cached_property
    def _change(self) -> RosterChange:
        return self._change_in(self.reach.turns)

    @property
    def _any_stay(self) -> bool:
        return self._change.passing or self._change.staying > 0

    def _change_in(self, steps: Iterable[tuple[str, date, int, int]]) -> RosterChange:
        first, last = self.spans[self._earlier.first][0], self.spans[self.period.last][1]
        stay: Counter[str] = Counter()
        changed, opening, closing = 0, {}, {}
        for tier, on, opened, closed in steps:
            if not self._counts(tier):
                continue
            stay[tier] += (opened if on <= self.first_end else 0) - (closed if on < self.last_start else 0)
            if opened and self.first_end < on <= last:
                changed += opened
                opening[tier] = min(on, opening.get(tier, on))
            if closed and first <= on < self.last_start:
                changed += closed
                closing[tier] = max(on, closing.get(tier, on))
        passing = any(on <= closing.get(tier, date.min) for tier, on in opening.items())
        return RosterChange(stay, changed, passing)

    @property
    def _units_left_out(self) -> UnitQuerySet:
        expected = Q()
        for period in (self._earlier, self.period):
            expected |= expected_within(self.spans[period.first][0], self.spans[period.last][1])
        units = self._of_tiers(Unit.objects.filter(self.reach.within(), expected)).with_until()
        return units.exclude(self.staying("")).order_by()

    def _of_tiers(self, units: UnitQuerySet) -> UnitQuerySet:
        return units if self.tiers is None else units.filter(tier__in=self.tiers)

    def _counts(self, tier: str) -> bool:
        return self.reach.tier in (None, tier) and (self.tiers is None or tier in self.tiers)

    def _moved(self, steps: Iterable[tuple[str, date, int, int]]) -> bool:
        return any(
            (opened and on > self.first_end) or (closed and on < self.last_start)
            for tier, on, opened, closed in steps
            if self._counts(tier) and self.reach.start <= on <= self.reach.end
        )


# A unit of the day is left out with everything that its history is made of. What ended
# without a successor is part of no history; what did so before the period, and is not told beside its figures,
# is named too.

_Named = tuple[str, str]  # folded name, name


class ComparableUnitsToday(ComparableUnits):
    """Compares by the units of a day. `tiers`: those that a unit had when it reported."""

    @property
    def more_stay(self) -> bool:
        """Whether to subtract the units left out from the total; estimates cannot be subtracted."""
        stay = sum(opened for tier, _, opened, _ in self.reach.turns if self._counts(tier))
        return not self.left_out or (
            2 * len(self.left_out) <= stay and not any(unit.pk in self.divided for unit in self.left_out)
        )

    @cached_property
    def number_left_out(self) -> int:
        return len(self._heirs) + self._ended[1]

    @property
    def names_left_out(self) -> tuple[str, ...]:
        """The first of them by name."""
        heirs = [(heir.folded, heir.name) for heir in self._heirs.values()]
        return tuple(name for _, name in sorted([*heirs, *self._ended[0]]))[:NAMED]

    @property
    def left_rows(self) -> Set[int]:
        """Ids of the units whose rows contain a unit that is left out."""
        return rows_containing({pk: unit.path for pk, unit in self._heirs.items()}, self.reach)

    @cached_property
    def left_out(self) -> list[ReportingUnit]:
        """Predecessors of the units left out that were expected to report. One query."""
        sources = set().union(*(self._made_of[heir] for heir in self._heirs))
        return [
            self._as_reporting(unit)
            for unit in self._units.values()
            if unit.pk in sources and self._expected_in_scope(unit)
        ]

    @property
    def others(self) -> list[ReportingUnit]:
        """All other units. One query."""
        left = [unit.pk for unit in self.left_out]
        units = Unit.objects.filter(self.reach.within(), reporting_condition(self.tiers)).exclude(pk__in=left)
        return [
            self._as_reporting(unit_row) for unit_row in unit_rows(units) if self._expected_in_scope(unit_row)
        ]

    @cached_property
    def divided(self) -> Set[int]:
        """Ids of units of which only a part counts."""
        total = self.reach.successor_history.total
        return {source.unit for source in total.sources if not source.undivided} if total else frozenset()

    @property
    def id_count(self) -> int:
        """How many ids the condition `staying` contains."""
        return len(self.left_out)

    def staying(self, prefix: str) -> Q:
        """Condition on a unit's columns (`prefix`: "submission__unit__"): it is not left out."""
        return ~Q(**{f"{prefix}pk__in": [unit.pk for unit in self.left_out]})

    def _counts(self, tier: str) -> bool:
        # Roster steps use the tier that a unit counts under, not the one that is expected to report a field.
        return self.reach.tier in (None, tier)

    @cached_property
    def _both_periods(self) -> BothPeriods:
        return BothPeriods(self.reach, self.period, self.tiers)

    @cached_property
    def _made_of(self) -> dict[int, Set[int]]:
        """Predecessors of each unit of the day whose succession breaks, by id."""
        broken = incomparable_units(self._both_periods) if self.moved else ()
        return history_units(self._both_periods, broken) if broken else {}

    @cached_property
    def _units(self) -> dict[int, UnitRow]:
        """Units of `_made_of` by id. One query."""
        pks = self._made_of.keys() | set().union(*self._made_of.values())
        return {unit.pk: unit for unit in unit_rows(Unit.objects.filter(pk__in=pks))} if pks else {}

    @cached_property
    def _heirs(self) -> dict[int, UnitRow]:
        """Units left out by id: a predecessor was expected to report in either period."""
        units = self._units
        return {
            heir: units[heir]
            for heir, sources in self._made_of.items()
            if any(self._expected_in_scope(units[source]) for source in sources)
        }

    @cached_property
    def _ended(self) -> tuple[list[_Named], int]:
        """Units that ended without successor: the first by name, and how many there are."""
        ended = self._both_periods.ended_before
        if ended is None:
            return [], 0
        rows = list(
            ended.filter(reporting_condition(self.tiers))
            .first_by_name(NAMED)
            .values_list("folded", "name", Window(Count("*")))
        )
        return [row[:2] for row in rows], rows[0][2] if rows else 0

    def _expected_in_scope(self, unit: UnitRow) -> bool:
        """Whether it was expected to report in either period, in scope."""
        counts = self.tiers is None or unit.tier in self.tiers
        if self.reach.successor_history.over:
            counts = counts and unit.path.startswith(self.reach.unit.path)
        return counts and any(unit.expected_to_report(*days) for days in self._both_periods.periods)

    def _as_reporting(self, unit: UnitRow) -> ReportingUnit:
        tier = self.reach.tier or self.reach.places(unit).get(None, unit.tier)
        return ReportingUnit(unit.pk, tier, unit.name, unit.folded, unit.active_from, unit.until)
