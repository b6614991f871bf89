"""Of one field: which units owed it throughout both periods of a comparison, and which are left out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from functools import cached_property
from typing import NamedTuple

from django.db.models import Q

from figures.periods import Month, Period
from records.summary.by_field import FieldExpectation
from records.summary.missing import child_on_path
from units.models import Unit
from units.succession import inheritance
from units.succession.inheritance import HistorySuccessor
from units.tree.queries import UnitRow, unit_rows

from .comparable_units import NAMED
from .succession_breaks import BothPeriods, incomparable_units, rows_containing

# As reported, a unit is left out that owed the field in some of the months only: it opened or closed meanwhile,
# or the catalogue said so, or a month was not divided by field. By today's units history is carried over; one
# is left out where its line breaks, or a part of what it is made of did not owe the
# field in a month in which it reported. Units are looked at one by one.


class FieldUnit(NamedTuple):
    """A unit with the tier that it counts under, and the months of both periods in which it owes the field, or a
    report.
    """

    pk: int
    unit: UnitRow
    tier: str
    months: Set[Month]
    reports: Set[Month]


class ComparableFieldUnits:
    """In a period and the same period last year, which are among the months of `owed`. Two queries at most as reported,
    four by today's units.
    """

    def __init__(self, owed: FieldExpectation, period: Period) -> None:
        self.owed, self.reach, self.period = owed, owed.question, period
        self.months = sorted({*period.same_last_year().months, *period.months})
        self._all = frozenset(self.months)

    @property
    def alike(self) -> bool:
        """Whether the catalogue says the same of all units of a tier, of each month. One query where it names any."""
        return all(of_tier in (self._all, frozenset()) for of_tier in self._of_tiers.values()) and not any(
            self.owed.differs(one) & self._all for one in self.owed.particular.values()
        )

    @property
    def whole_tiers(self) -> Set[str]:
        """Where they are alike: the tiers that owe the field."""
        return {tier for tier, months in self._of_tiers.items() if months}

    @cached_property
    def _of_tiers(self) -> dict[str, Set[Month]]:
        tiers = {tier for kinds in self.reach.expected_then for tier, _ in kinds}
        return {tier: self.owed.of_tier(tier) & self._all for tier in tiers}

    @property
    def more_stay(self) -> bool:
        """Whether what they reported is taken from the whole; an estimate cannot be taken back."""
        return len(self.left_out) <= len(self._stay) and not any(
            one.pk in self.divided for one in self.left_out
        )

    @property
    def number_left_out(self) -> int:
        """How many are named, or would be."""
        return len(self._named) + len(self._ended)

    @property
    def names_left_out(self) -> tuple[str, ...]:
        """The first of them by name."""
        told = sorted([*self._named.values(), *self._ended], key=lambda one: (one.folded, one.pk))
        return tuple(one.name for one in told)[:NAMED]

    @property
    def left_rows(self) -> Set[int]:
        """Numbers of the units whose rows hold somebody that is left out."""
        return rows_containing({number: one.path for number, one in self._named.items()}, self.reach)

    @cached_property
    def tiers(self) -> Set[str]:
        """In which somebody stays."""
        return {one.tier for one in self._stay}

    @cached_property
    def left_out(self) -> list[FieldUnit]:
        """All that cannot be compared; also who never owed the field, as reported."""
        staying = {one.pk for one in self._stay}
        return [unit for unit in self._units if unit.pk not in staying]

    @cached_property
    def calm(self) -> Set[int]:
        """Groups directly below in which all stay that are of these tiers; none where no sums tell of them."""
        if not self.reach.from_sums:
            return frozenset()
        gone = {
            child_on_path(one.unit.path, self.reach.unit) for one in self.left_out if one.tier in self.tiers
        }
        return set(self.reach.child_groups) - gone

    @property
    def others(self) -> list[FieldUnit]:
        """Those that stay, without those below calm groups."""
        return [one for one in self._stay if child_on_path(one.unit.path, self.reach.unit) not in self.calm]

    @property
    def numbers_given(self) -> int:
        """How many numbers of units `staying` names."""
        return len(self.left_out)

    def staying(self, prefix: str) -> Q:
        """Condition on a unit's columns (`prefix`: "submission__unit__"): it is none of those that are left out."""
        return ~Q(**{f"{prefix}pk__in": [one.pk for one in self.left_out]})

    def expected(self, units: Iterable[FieldUnit]) -> Iterator[tuple[str, Month, int]]:
        """How many of these owe the field, by tier and month."""
        found = Counter((unit.tier, month) for unit in units for month in unit.months)
        return ((tier, month, number) for (tier, month), number in found.items())

    @property
    def expected_calm(self) -> Iterator[tuple[str, Month, int]]:
        """The same of calm groups."""
        return self.expected(
            one for one in self._stay if child_on_path(one.unit.path, self.reach.unit) in self.calm
        )

    @cached_property
    def _units(self) -> list[FieldUnit]:
        found, known = [], {}
        for unit in self.owed.units():
            # Thousands of them open and close on a handful of days.
            kind = unit.tier, unit.active_from, unit.until, unit.pk if unit.pk in self.owed.particular else 0
            if kind not in known:
                known[kind] = self.owed.months_of(unit) & self._all, self.owed.reporting(unit) & self._all
            months, reports = known[kind]
            if reports:
                tier = self.reach.places(unit).get(None, unit.tier)
                found.append(FieldUnit(unit.pk, unit, tier, months, reports))
        return found

    @cached_property
    def divided(self) -> Set[int]:
        """By today's units: numbers of units of which a part only is counted."""
        carried = self.reach.carried if self.reach.today is not None else None
        sources = carried.total.sources if carried and carried.total else ()
        return {source.unit for source in sources if not source.undivided}

    @cached_property
    def _stay(self) -> list[FieldUnit]:
        if self.reach.today is None:
            return [unit for unit in self._units if unit.months == self._all]
        gone = {unit for heir in self._heirs_left_out for unit in self._made_of[heir]}
        return [unit for unit in self._units if unit.pk not in gone]

    @cached_property
    def _named(self) -> dict[int, UnitRow]:
        """Who is left out, by number."""
        if self.reach.today is None:
            return {one.pk: one.unit for one in self.left_out if one.months}
        numbers = self._heirs_left_out
        return (
            {unit_row.pk: unit_row for unit_row in unit_rows(Unit.objects.filter(pk__in=numbers))}
            if numbers
            else {}
        )

    @cached_property
    def _ended(self) -> list[UnitRow]:
        """By today's units: who owed the field in the earlier period, whom no history holds and no note names."""
        found = None if self.reach.today is None else self._asked.ended_before
        earlier = set(self.period.same_last_year().months)
        return (
            [unit_row for unit_row in unit_rows(found) if self.owed.months_of(unit_row) & earlier]
            if found
            else []
        )

    @cached_property
    def _made_of(self) -> dict[int, Set[int]]:
        """By today's units: numbers of the units whose reports are the history of each, in part too."""
        over = [
            unit.pk
            for unit in self._units
            if unit.unit.until is not None or unit.unit.active_until is not None
        ]
        ends = inheritance.history_successors(self.reach.today, Q(source__in=over)) if over else {}
        found: dict[int, set[int]] = defaultdict(set)
        for unit in self._units:
            inside = [end.heir for end in ends.get(unit.pk, ()) if self._counts(end)]
            for heir in inside or [unit.pk]:
                found[heir].add(unit.pk)
        return found

    def _counts(self, end: HistorySuccessor) -> bool:
        """Whether it is part of what is asked for; all are of a unit that is over."""
        above = self.reach.unit
        return self.reach.carried.over or end.path.startswith(above.path)

    @cached_property
    def _heirs_left_out(self) -> Set[int]:
        known = {unit.pk: unit for unit in self._units}
        asked = {
            heir: units for heir, units in self._made_of.items() if any(known[unit].months for unit in units)
        }
        left = {heir for heir, units in asked.items() if any(self._in_part(known[unit]) for unit in units)}
        if any(unit.reports != self._all for unit in self._units):
            left |= incomparable_units(self._asked) & asked.keys()
        while True:
            # What was split between one that is left out and another can be compared in neither.
            gone = {unit for heir in left for unit in asked[heir]}
            more = {heir for heir, units in asked.items() if units & gone}
            if more == left:
                return left
            left = more

    @cached_property
    def _asked(self) -> BothPeriods:
        return BothPeriods(self.reach, self.period)

    def _in_part(self, one: FieldUnit) -> bool:
        """Whether it owed the field in some only of the months in which it owed a report; or was not there throughout
        and never owed it, so that who follows owes it of more than before.
        """
        return one.months != one.reports and (bool(one.months) or one.reports != self._all)
