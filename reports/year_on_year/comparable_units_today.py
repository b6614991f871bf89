"""By today's units: which of them can be compared with last year, and which are left out."""

from collections.abc import Set
from functools import cached_property

from django.db.models import Count, Q, Window

from units.models import Unit
from units.tree.unit_row import UnitRow, unit_rows

from .comparable_units import NAMED, ComparableUnits, ReportingUnit
from .succession_breaks import (
    BothPeriods,
    history_units,
    incomparable_units,
    reporting_condition,
    rows_containing,
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
        heirs = [(one.folded, one.name) for one in self._heirs.values()]
        return tuple(name for _, name in sorted([*heirs, *self._ended[0]]))[:NAMED]

    @property
    def left_rows(self) -> Set[int]:
        """Numbers of the units whose rows hold somebody that is left out."""
        return rows_containing({number: one.path for number, one in self._heirs.items()}, self.reach)

    @cached_property
    def left_out(self) -> list[ReportingUnit]:
        """Everything that those which are left out are made of, and that owed reports. One query."""
        sources = set().union(*(self._made_of[heir] for heir in self._heirs))
        return [self._told(one) for one in self._units.values() if one.pk in sources and self._owed(one)]

    @property
    def others(self) -> list[ReportingUnit]:
        """What is left of all. One query."""
        left = [one.pk for one in self.left_out]
        units = Unit.objects.filter(self.reach.within(), reporting_condition(self.tiers)).exclude(pk__in=left)
        return [self._told(one) for one in unit_rows(units) if self._owed(one)]

    @cached_property
    def divided(self) -> Set[int]:
        """Numbers of units of which a part only is counted."""
        total = self.reach.carried.total
        return {one.unit for one in total.sources if not one.undivided} if total else frozenset()

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
            if any(self._owed(units[one]) for one in sources)
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
