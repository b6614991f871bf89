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

# Steps of the roster tell how many either are; units are listed only of the smaller part, and without those
# below groups in which nobody came or went.

# Of those that are left out no more are named: after a merger of the country these are all of its communes.
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
        """Of all tiers."""
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
    numbers_given: ClassVar[int] = 0

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
        """Those of both periods; where they are longer than a year they share some."""
        return sorted({*self._earlier.months, *self.period.months})

    @cached_property
    def spans(self) -> dict[Month, tuple[date, date]]:
        """First and last day of each month."""
        return dict(zip(self.reach.months, self.reach.spans, strict=True))

    def owed_by(self, one: Unit | UnitRow) -> bool:
        """Whether a unit owed reports throughout."""
        return one.owes(self.first_end, self.first_end) and one.owes(self.last_start, self.last_start)

    @property
    def moved(self) -> bool:
        """Whether anything opened or closed between the first month of one period and the last of the other. One query;
        none of a unit without any below, or where the roster of the rows has been read.
        """
        unit = self.reach.unit
        if not unit.has_children:
            return self._counts(unit.tier) and not self.owed_by(unit)
        return self._moved(self.reach.turns)

    @property
    def left_rows(self) -> Set[int]:
        """Numbers of the units directly below (and of the unit itself) in which not the same units owed both periods.
        No query where the roster of the rows has been read.
        """
        reach = self.reach
        return {
            one.pk
            for one in (reach.unit, *reach.children)
            if (
                self._moved(reach.steps_of(one.pk))
                if one.has_children and one.pk != reach.unit.pk
                else not self.owed_by(one)
            )
        }

    @property
    def more_stay(self) -> bool:
        """Whether more stay than are left out: then these are listed, else those."""
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
            return tuple(one.name for one in self.left_out[:NAMED])
        return tuple(self._units_left_out.first_by_name(NAMED).values_list("name", flat=True))

    @cached_property
    def left_out(self) -> list[ReportingUnit]:
        """All of them by name. One query."""
        units = [ReportingUnit(*row) for row in self._units_left_out.values_list(*ReportingUnit._fields)]
        return sorted(units, key=lambda one: (one.folded, one.pk))

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
        found = ((group, self._change_in(steps[group])) for group in groups)
        return {group: change for group, change in found if change.staying and not change.changed}

    def staying(self, prefix: str) -> Q:
        """Condition on a unit's columns (`prefix`: "submission__unit__"): it owed reports throughout."""
        found = Q(**{f"{prefix}active_from__lte": self.first_end})
        for until in ("active_until", "reports_until"):
            found &= Q(**{f"{prefix}{until}": None}) | Q(**{f"{prefix}{until}__gte": self.last_start})
        return found

    def expected(self, units: Iterable[ReportingUnit]) -> Iterator[tuple[str, Month, int]]:
        """How many of these owe a report, by tier and month."""
        # Thousands of them open and close on a handful of days.
        kinds = Counter((unit.tier, unit.active_from, unit.until) for unit in units)
        for (tier, since, until), number in kinds.items():
            for month in self.months:
                start, end = self.spans[month]
                if since <= end and (until is None or until >= start):
                    yield tier, month, number

    @property
    def expected_calm(self) -> Iterator[tuple[str, Month, int]]:
        """The same of calm groups, which stay as they are."""
        stay = Counter()
        for change in self.calm.values():
            stay.update(change.stay)
        return ((tier, month, number) for tier, number in stay.items() for month in self.months)

    @property
    def others(self) -> list[ReportingUnit]:
        """Those that stay in other groups, and beside them. One query; none where the steps tell that nobody does."""
        if not self._change.passing and self._change.staying == sum(
            one.staying for one in self.calm.values()
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
        owed = Q()
        for one in (self._earlier, self.period):
            owed |= expected_within(self.spans[one.first][0], self.spans[one.last][1])
        units = self._of_tiers(Unit.objects.filter(self.reach.within(), owed)).with_until()
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
    """What is asked is told by the units of a day. `tiers`: those that a unit had when it reported."""

    @property
    def more_stay(self) -> bool:
        """Whether what they reported is taken from the whole; an estimate cannot be taken back."""
        stay = sum(opened for tier, _, opened, _ in self.reach.turns if self._counts(tier))
        return not self.left_out or (
            2 * len(self.left_out) <= stay and not any(one.pk in self.divided for one in self.left_out)
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
        """Numbers of the units whose rows hold somebody that is left out."""
        return rows_containing({number: one.path for number, one in self._heirs.items()}, self.reach)

    @cached_property
    def left_out(self) -> list[ReportingUnit]:
        """Everything that those which are left out are made of, and that owed reports. One query."""
        sources = set().union(*(self._made_of[heir] for heir in self._heirs))
        return [self._told(unit) for unit in self._units.values() if unit.pk in sources and self._owed(unit)]

    @property
    def others(self) -> list[ReportingUnit]:
        """What is left of all. One query."""
        left = [one.pk for one in self.left_out]
        units = Unit.objects.filter(self.reach.within(), reporting_condition(self.tiers)).exclude(pk__in=left)
        return [self._told(unit_row) for unit_row in unit_rows(units) if self._owed(unit_row)]

    @cached_property
    def divided(self) -> Set[int]:
        """Numbers of units of which a part only is counted."""
        total = self.reach.carried.total
        return {source.unit for source in total.sources if not source.undivided} if total else frozenset()

    @property
    def numbers_given(self) -> int:
        """How many numbers of units `staying` names."""
        return len(self.left_out)

    def staying(self, prefix: str) -> Q:
        """Condition on a unit's columns (`prefix`: "submission__unit__"): it is none of those that are left out."""
        return ~Q(**{f"{prefix}pk__in": [one.pk for one in self.left_out]})

    def _counts(self, tier: str) -> bool:
        # Steps are told by the tier that a unit counts under, and not by the one that owes a field.
        return self.reach.tier in (None, tier)

    @cached_property
    def _asked(self) -> BothPeriods:
        return BothPeriods(self.reach, self.period, self.tiers)

    @cached_property
    def _made_of(self) -> dict[int, Set[int]]:
        """What each unit of the day is made of in which a line breaks."""
        broken = incomparable_units(self._asked) if self.moved else ()
        return history_units(self._asked, broken) if broken else {}

    @cached_property
    def _units(self) -> dict[int, UnitRow]:
        """All of them by number. One query."""
        numbers = self._made_of.keys() | set().union(*self._made_of.values())
        return {unit.pk: unit for unit in unit_rows(Unit.objects.filter(pk__in=numbers))} if numbers else {}

    @cached_property
    def _heirs(self) -> dict[int, UnitRow]:
        """Those that are named: something of theirs owed reports of either period."""
        units = self._units
        return {
            heir: units[heir]
            for heir, sources in self._made_of.items()
            if any(self._owed(units[source]) for source in sources)
        }

    @cached_property
    def _ended(self) -> tuple[list[_Named], int]:
        """Whom no history holds and no note of the period names: the first by name, and how many there are."""
        found = self._asked.ended_before
        if found is None:
            return [], 0
        rows = list(
            found.filter(reporting_condition(self.tiers))
            .first_by_name(NAMED)
            .values_list("folded", "name", Window(Count("*")))
        )
        return [row[:2] for row in rows], rows[0][2] if rows else 0

    def _owed(self, unit: UnitRow) -> bool:
        """Whether it owed reports that are part of what is asked."""
        counts = self.tiers is None or unit.tier in self.tiers
        if self.reach.carried.over:
            counts = counts and unit.path.startswith(self.reach.unit.path)
        return counts and any(unit.owes(*days) for days in self._asked.periods)

    def _told(self, unit: UnitRow) -> ReportingUnit:
        tier = self.reach.tier or self.reach.places(unit).get(None, unit.tier)
        return ReportingUnit(unit.pk, tier, unit.name, unit.folded, unit.active_from, unit.until)
