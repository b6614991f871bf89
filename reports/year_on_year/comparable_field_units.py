"""For one field: which units were expected to report it throughout both periods of a comparison."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from functools import cached_property
from typing import NamedTuple

from django.db.models import Q

from figures.periods import Month, Period
from records.summary.by_field import FieldExpectation
from records.summary.missing import child_on_path
from units.models import Unit
from units.succession import stored_lineage
from units.succession.stored_lineage import HistorySuccessor
from units.tree.queries import UnitRow, unit_rows

from .comparable_units import NAMED
from .succession_breaks import BothPeriods, incomparable_units, rows_containing

# As reported, a unit is left out that was expected to report the field in some of the months only: it opened or
# closed meanwhile, or the catalogue said so, or a month was not divided by field. By today's units, a unit is left
# out where its succession breaks, or where a predecessor reported in a month without being expected to report the
# field.


class FieldUnit(NamedTuple):
    """A unit, the tier that it counts under, and the months in which it is expected to report the field (`months`) or
    anything (`reports`).
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
        self.owed, self.reach, self.period = owed, owed.query, period
        self.months = sorted({*period.same_last_year().months, *period.months})
        self._all = frozenset(self.months)

    @property
    def alike(self) -> bool:
        """Whether the catalogue treats all units of a tier alike in each month. At most one query."""
        return all(of_tier in (self._all, frozenset()) for of_tier in self._of_tiers.values()) and not any(
            self.owed.differs(months) & self._all for months in self.owed.particular.values()
        )

    @property
    def whole_tiers(self) -> Set[str]:
        """Where units are alike: the tiers expected to report the field."""
        return {tier for tier, months in self._of_tiers.items() if months}

    @cached_property
    def _of_tiers(self) -> dict[str, Set[Month]]:
        tiers = {tier for kinds in self.reach.expected_then for tier, _ in kinds}
        return {tier: self.owed.of_tier(tier) & self._all for tier in tiers}

    @property
    def more_stay(self) -> bool:
        """Whether to subtract the units left out from the total; estimates cannot be subtracted."""
        return len(self.left_out) <= len(self._stay) and not any(
            unit.pk in self.divided for unit in self.left_out
        )

    @property
    def number_left_out(self) -> int:
        """How many units are left out."""
        return len(self._named) + len(self._ended)

    @property
    def names_left_out(self) -> tuple[str, ...]:
        """The first NAMED of them by name."""
        rows = sorted([*self._named.values(), *self._ended], key=lambda row: (row.folded, row.pk))
        return tuple(row.name for row in rows)[:NAMED]

    @property
    def left_rows(self) -> Set[int]:
        """Ids of the units whose rows contain a unit that is left out."""
        return rows_containing({pk: unit.path for pk, unit in self._named.items()}, self.reach)

    @cached_property
    def tiers(self) -> Set[str]:
        """Tiers in which some unit stays."""
        return {unit.tier for unit in self._stay}

    @cached_property
    def left_out(self) -> list[FieldUnit]:
        """All that cannot be compared; as reported, also units that were never expected to report the field."""
        staying = {unit.pk for unit in self._stay}
        return [unit for unit in self._units if unit.pk not in staying]

    @cached_property
    def calm(self) -> Set[int]:
        """Ids of groups directly below in which all units of these tiers stay; none without stored sums."""
        if not self.reach.from_sums:
            return frozenset()
        gone = {
            child_on_path(unit.unit.path, self.reach.unit)
            for unit in self.left_out
            if unit.tier in self.tiers
        }
        return set(self.reach.child_groups) - gone

    @property
    def others(self) -> list[FieldUnit]:
        """Those that stay, without those below calm groups."""
        return [
            unit for unit in self._stay if child_on_path(unit.unit.path, self.reach.unit) not in self.calm
        ]

    @property
    def id_count(self) -> int:
        """How many ids the condition `staying` contains."""
        return len(self.left_out)

    def staying(self, prefix: str) -> Q:
        """Condition on a unit's columns (`prefix`: "submission__unit__"): it is not left out."""
        return ~Q(**{f"{prefix}pk__in": [unit.pk for unit in self.left_out]})

    def expected(self, units: Iterable[FieldUnit]) -> Iterator[tuple[str, Month, int]]:
        """How many of these are expected to report the field, by tier and month."""
        counts = Counter((unit.tier, month) for unit in units for month in unit.months)
        return ((tier, month, count) for (tier, month), count in counts.items())

    @property
    def expected_calm(self) -> Iterator[tuple[str, Month, int]]:
        """Like `expected`, for calm groups."""
        return self.expected(
            unit for unit in self._stay if child_on_path(unit.unit.path, self.reach.unit) in self.calm
        )

    @cached_property
    def _units(self) -> list[FieldUnit]:
        units, months_by_kind = [], {}
        for unit in self.owed.units():
            # Thousands of units share a handful of opening and closing days.
            kind = unit.tier, unit.active_from, unit.until, unit.pk if unit.pk in self.owed.particular else 0
            if kind not in months_by_kind:
                months_by_kind[kind] = (
                    self.owed.months_of(unit) & self._all,
                    self.owed.reporting(unit) & self._all,
                )
            months, reports = months_by_kind[kind]
            if reports:
                tier = self.reach.places(unit).get(None, unit.tier)
                units.append(FieldUnit(unit.pk, unit, tier, months, reports))
        return units

    @cached_property
    def divided(self) -> Set[int]:
        """By today's units: ids of units of which only a part counts."""
        history = self.reach.successor_history if self.reach.today is not None else None
        sources = history.total.sources if history and history.total else ()
        return {source.unit for source in sources if not source.undivided}

    @cached_property
    def _stay(self) -> list[FieldUnit]:
        if self.reach.today is None:
            return [unit for unit in self._units if unit.months == self._all]
        gone = {unit for heir in self._heirs_left_out for unit in self._made_of[heir]}
        return [unit for unit in self._units if unit.pk not in gone]

    @cached_property
    def _named(self) -> dict[int, UnitRow]:
        """Units left out, by id."""
        if self.reach.today is None:
            return {unit.pk: unit.unit for unit in self.left_out if unit.months}
        pks = self._heirs_left_out
        return (
            {unit_row.pk: unit_row for unit_row in unit_rows(Unit.objects.filter(pk__in=pks))} if pks else {}
        )

    @cached_property
    def _ended(self) -> list[UnitRow]:
        """By today's units: units without successor that were expected to report the field in the earlier period."""
        ended = None if self.reach.today is None else self._both_periods.ended_before
        earlier = set(self.period.same_last_year().months)
        return (
            [unit_row for unit_row in unit_rows(ended) if self.owed.months_of(unit_row) & earlier]
            if ended
            else []
        )

    @cached_property
    def _made_of(self) -> dict[int, Set[int]]:
        """By today's units: ids of the units whose reports are, fully or in part, the history of each."""
        over = [
            unit.pk
            for unit in self._units
            if unit.unit.until is not None or unit.unit.active_until is not None
        ]
        ends = stored_lineage.history_successors(self.reach.today, Q(source__in=over)) if over else {}
        sources: dict[int, set[int]] = defaultdict(set)
        for unit in self._units:
            inside = [end.heir for end in ends.get(unit.pk, ()) if self._counts(end)]
            for heir in inside or [unit.pk]:
                sources[heir].add(unit.pk)
        return sources

    def _counts(self, end: HistorySuccessor) -> bool:
        """Whether it is in scope; for a closed unit everything is."""
        above = self.reach.unit
        return self.reach.successor_history.over or end.path.startswith(above.path)

    @cached_property
    def _heirs_left_out(self) -> Set[int]:
        by_pk = {unit.pk: unit for unit in self._units}
        expected = {
            heir: units for heir, units in self._made_of.items() if any(by_pk[unit].months for unit in units)
        }
        left = {heir for heir, units in expected.items() if any(self._in_part(by_pk[unit]) for unit in units)}
        if any(unit.reports != self._all for unit in self._units):
            left |= incomparable_units(self._both_periods) & expected.keys()
        while True:
            # A unit split between a left-out unit and another one makes both incomparable.
            gone = {unit for heir in left for unit in expected[heir]}
            more = {heir for heir, units in expected.items() if units & gone}
            if more == left:
                return left
            left = more

    @cached_property
    def _both_periods(self) -> BothPeriods:
        return BothPeriods(self.reach, self.period)

    def _in_part(self, unit: FieldUnit) -> bool:
        """Whether it was expected to report the field in only some of its months; or never, and did not exist
        throughout, so that its successor covers more than before.
        """
        return unit.months != unit.reports and (bool(unit.months) or unit.reports != self._all)
