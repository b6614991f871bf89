"""Which old units' reports make up the total and rows of the units of a given day (docs/decisions/0015)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from django.db.models import Q

from units.models import Unit, UnitKind, subtree
from units.succession import inheritance
from units.succession.inheritance import WHOLE, HistorySource
from units.tree import roster
from units.tree.queries import UnitRow


class CurrentUnit(NamedTuple):
    """A row of the day: a unit with everything below it (`whole`) or its own reports, and where they come from."""

    unit: Unit
    whole: bool
    sources: Sequence[HistorySource]


CurrentUnits = list[tuple[int | None, CurrentUnit]]
_Kind = tuple[str, bool]  # tier, external


class SuccessorHistory:
    """What is known of one unit on one day, read once for all months: two queries, three for a unit that is over."""

    def __init__(self, unit: Unit, children: Sequence[Unit], day: date, external: bool, below: bool) -> None:
        self.unit, self.day, self.external, self.below = unit, day, external, below
        self._children = children
        # What was read of the units that histories come from.
        self._origins: Mapping[int, UnitRow | Unit] = {}
        self._added_up: dict[tuple, roster.Expected] = {}

    @property
    def over(self) -> bool:
        """Whether the unit itself is over by the day."""
        return self.unit.is_over(self.day)

    @cached_property
    def total(self) -> CurrentUnit | None:
        """Where the total comes from; None where it is the reported one: nothing left, came or changed its tier."""
        return None if self.over else self._read[0]

    @cached_property
    def rows(self) -> list[CurrentUnit]:
        """The units of the day that are shown, the unit itself first where it reports or has none below."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[CurrentUnit | None, list[CurrentUnit]]:
        if self.over:
            return None, self.ended if self.below else []
        unit, group = self.unit, self.unit.has_children
        shown = [child for child in self._children if not child.is_over(self.day)] if self.below else []
        groups = [one for one in (unit, *shown) if one.has_children]
        own = [one for one in (unit, *shown) if not one.has_children or one.pk == unit.pk]
        whole, alone, self._origins = inheritance.histories_on(groups, own, self.day)
        mine = CurrentUnit(unit, group, self._counted(whole[unit.pk] if group else alone[unit.pk]))
        rows = [CurrentUnit(unit, False, self._counted(alone[unit.pk]))] if self.below else []
        for child in shown:
            theirs = whole if child.has_children else alone
            rows.append(CurrentUnit(child, child.has_children, self._counted(theirs[child.pk])))
        return None if _is_own_history(mine) else mine, rows

    @cached_property
    def ended(self) -> list[CurrentUnit]:
        """Whom everything below a unit that is over was carried to."""
        below = Unit.objects.under(self.unit).reporting()
        if not self.external:
            below = below.exclude(kind=UnitKind.EXTERNAL)
        self._origins = {one.pk: one for one in below}
        found = inheritance.history_successors(self.day, subtree(self.unit.path, "source__path"))
        sources: dict[int, list[HistorySource]] = defaultdict(list)
        for one in below:
            rest = WHOLE
            for end in found.get(one.pk, ()):
                source = HistorySource(one.pk, False, one.tier, one.tier, one.external, end.share)
                sources[end.heir].append(source)
                rest -= end.share
            if rest:
                sources[one.pk].append(HistorySource(one.pk, False, one.tier, one.tier, one.external, rest))
        heirs = Unit.objects.filter(pk__in=list(sources))
        ordered = sorted(heirs, key=lambda one: (one.is_over(self.day), one.tier, one.folded, one.pk))
        return [CurrentUnit(one, False, sources[one.pk]) for one in ordered]

    def _counted(self, sources: Iterable[HistorySource]) -> list[HistorySource]:
        return [source for source in sources if self.external or not source.external]

    def heirs(self, rows: bool = True) -> CurrentUnits:
        """The total (None) where it is not the reported one, and the rows by number of the unit."""
        total = [(None, self.total)] if self.total is not None else []
        return [*total, *((row.unit.pk, row) for row in (self.rows if rows else ()))]

    @cached_property
    def sources(self) -> dict[int, UnitRow | Unit]:
        """Every unit and group that a total or row comes from."""
        return {heir.unit.pk: heir.unit for _, heir in self.heirs()} | self._origins

    @cached_property
    def _steps(self) -> Mapping[int, list[tuple]]:
        groups = {source.unit for _, heir in self.heirs() for source in heir.sources if source.sums}
        return roster.steps_by_kind(sorted(groups)) if groups else {}

    def expected(
        self, heir: CurrentUnit, spans: Sequence[roster.Span], *, once: bool = False
    ) -> roster.Expected:
        """Units that owed a report, month by month, by the tier that they count under; `once`: what was split into
        several tiers of the place only under the first.
        """
        return self._expected(self.steps(heir, once=once), spans)

    def expected_then(
        self, heir: CurrentUnit, spans: Sequence[roster.Span], *, once: bool = False
    ) -> list[dict[tuple[str, str], int]]:
        """The same by the tier that they had when they reported, and the one that they count under."""
        return self._expected(list(self._steps_then(heir, once)), spans)

    def _expected(self, steps: list[tuple], spans: Sequence[roster.Span]) -> list[dict]:
        # Hundreds of units that merged on one day have one history.
        key = (*steps, spans[0], spans[-1], len(spans))
        if key not in self._added_up:
            self._added_up[key] = roster.added_up(steps, spans)
        return self._added_up[key]

    def steps(self, heir: CurrentUnit, *, once: bool = False) -> list[tuple[str, date, int, int]]:
        """The roster steps behind `expected`: tier, day, opened, closed."""
        return [(into, *step) for (_, into), *step in self._steps_then(heir, once)]

    def _steps_then(self, heir: CurrentUnit, once: bool) -> Iterator[tuple[tuple[str, str], date, int, int]]:
        seen = set()
        for source in heir.sources:
            if not source.sums:
                if not (once and source.unit in seen):
                    yield from (((source.tier, source.into), *step) for step in self._of_unit(source.unit))
                seen.add(source.unit)
                continue
            for tier, external, *step in self._steps.get(source.unit, ()):
                if not source.tier:
                    if self.external or not external:
                        yield (tier, tier), *step
                elif (tier, external) == (source.tier, source.external):
                    yield (tier, source.into), *step

    def _of_unit(self, number: int) -> list[tuple[date, int, int]]:
        unit = self.sources[number]
        if not unit.reports:
            return []
        until = unit.reporting_ends
        return [(unit.active_from, 1, 0), *([(until, 0, 1)] if until is not None else [])]

    def within(self, prefix: str, sources: Iterable[HistorySource]) -> Q:
        """Condition on columns of a unit (`prefix`, such as "submission__unit__"): it is one of these sources, or below
        one of them.
        """
        single: set[int] = set()
        groups: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for source in sources:
            if source.sums:
                groups[source.tier, source.external].append(self.sources[source.unit].path)
            else:
                single.add(source.unit)
        found = Q(**{f"{prefix}pk__in": sorted(single)})
        for (tier, external), paths in groups.items():
            below = Q()
            for path in paths:
                below |= subtree(path, f"{prefix}path")
            if tier:
                kind = Q(**{f"{prefix}kind": UnitKind.EXTERNAL})
                below &= Q(**{f"{prefix}tier": tier}) & (kind if external else ~kind)
            elif not self.external:
                below &= ~Q(**{f"{prefix}kind": UnitKind.EXTERNAL})
            found |= below
        return found

    def places(self, number: int, path: str, tier: str, external: bool) -> dict[int | None, str]:
        """Where the reports of a unit count: the tier that they count under there by the number of a row, None for the
        total.
        """
        single, groups = self._index
        found = dict(single.get(number, ()))
        for above in path.split("/"):
            if kinds := groups.get(above):
                for key in ((tier, external), ("", False)):
                    for place, into in kinds.get(key, ()):
                        found.setdefault(place, into or tier)
        if self.total is None:
            found[None] = tier
        return found

    @cached_property
    def _index(self) -> tuple[dict, dict]:
        """Places by number of a single unit; and by a group, as it stands in a path, and kind."""
        single: dict[int, list] = defaultdict(list)
        groups: dict[str, dict[_Kind, list]] = defaultdict(lambda: defaultdict(list))
        for place, heir in self.heirs():
            for source in heir.sources:
                if source.sums:
                    groups[str(source.unit)][source.tier, source.external].append((place, source.into))
                else:
                    single[source.unit].append((place, source.into))
        return single, groups


def _is_own_history(heir: CurrentUnit) -> bool:
    """Whether a history is just that of the unit itself."""
    if heir.whole:
        return [(source.unit, source.tier) for source in heir.sources] == [(heir.unit.pk, "")]
    return all(source.unit == heir.unit.pk for source in heir.sources)
