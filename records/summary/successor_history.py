"""Which old units' reports make up the total and rows of the units of a given day (docs/decisions/0015)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import NamedTuple

from django.db.models import Q

from units.models import Unit, UnitKind, subtree
from units.succession import stored_lineage
from units.succession.stored_lineage import WHOLE, HistorySource
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
    """The sources of one unit's figures on one day, read once for all months: two queries, three if closed."""

    def __init__(self, unit: Unit, children: Sequence[Unit], day: date, external: bool, below: bool) -> None:
        self.unit, self.day, self.external, self.below = unit, day, external, below
        self._children = children
        # Source units by id.
        self._origins: Mapping[int, UnitRow | Unit] = {}
        self._added_up: dict[tuple, roster.Expected] = {}

    @property
    def over(self) -> bool:
        """Whether the unit itself is closed by the day."""
        return self.unit.is_over(self.day)

    @cached_property
    def total(self) -> CurrentUnit | None:
        """The sources of the total; None if they are just its own reports: nothing left, came or changed tier."""
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
        groups = [member for member in (unit, *shown) if member.has_children]
        own = [member for member in (unit, *shown) if not member.has_children or member.pk == unit.pk]
        whole, alone, self._origins = stored_lineage.histories_on(groups, own, self.day)
        mine = CurrentUnit(unit, group, self._in_scope(whole[unit.pk] if group else alone[unit.pk]))
        rows = [CurrentUnit(unit, False, self._in_scope(alone[unit.pk]))] if self.below else []
        for child in shown:
            theirs = whole if child.has_children else alone
            rows.append(CurrentUnit(child, child.has_children, self._in_scope(theirs[child.pk])))
        return None if _is_own_history(mine) else mine, rows

    @cached_property
    def ended(self) -> list[CurrentUnit]:
        """The successors of everything below a closed unit."""
        below = Unit.objects.under(self.unit).reporting()
        if not self.external:
            below = below.exclude(kind=UnitKind.EXTERNAL)
        self._origins = {unit.pk: unit for unit in below}
        successors = stored_lineage.history_successors(self.day, subtree(self.unit.path, "source__path"))
        sources: dict[int, list[HistorySource]] = defaultdict(list)
        for unit in below:
            rest = WHOLE
            for end in successors.get(unit.pk, ()):
                source = HistorySource(unit.pk, False, unit.tier, unit.tier, unit.external, end.share)
                sources[end.heir].append(source)
                rest -= end.share
            if rest:
                sources[unit.pk].append(
                    HistorySource(unit.pk, False, unit.tier, unit.tier, unit.external, rest)
                )
        heirs = Unit.objects.filter(pk__in=list(sources))
        ordered = sorted(heirs, key=lambda unit: (unit.is_over(self.day), unit.tier, unit.folded, unit.pk))
        return [CurrentUnit(unit, False, sources[unit.pk]) for unit in ordered]

    def _in_scope(self, sources: Iterable[HistorySource]) -> list[HistorySource]:
        return [source for source in sources if self.external or not source.external]

    def heirs(self, rows: bool = True) -> CurrentUnits:
        """(None, total) unless the total is the reported one, and (unit id, row)."""
        total = [(None, self.total)] if self.total is not None else []
        return [*total, *((row.unit.pk, row) for row in (self.rows if rows else ()))]

    @cached_property
    def sources(self) -> dict[int, UnitRow | Unit]:
        """Every source unit and group of the total and rows, by id."""
        return {heir.unit.pk: heir.unit for _, heir in self.heirs()} | self._origins

    @cached_property
    def _steps(self) -> Mapping[int, list[tuple]]:
        groups = {source.unit for _, heir in self.heirs() for source in heir.sources if source.sums}
        return roster.steps_by_kind(sorted(groups)) if groups else {}

    def expected(
        self, heir: CurrentUnit, spans: Sequence[roster.Span], *, once: bool = False
    ) -> roster.Expected:
        """Units expected to report, month by month, by the tier under which they count; `once`: a unit split into
        several tiers of the row counts only under the first.
        """
        return self._expected(self.steps(heir, once=once), spans)

    def expected_then(
        self, heir: CurrentUnit, spans: Sequence[roster.Span], *, once: bool = False
    ) -> list[dict[tuple[str, str], int]]:
        """The same by (tier when they reported, tier under which they count)."""
        return self._expected(list(self._steps_then(heir, once)), spans)

    def _expected(self, steps: list[tuple], spans: Sequence[roster.Span]) -> list[dict]:
        # Hundreds of units that merged on one day share one history.
        key = (*steps, spans[0], spans[-1], len(spans))
        if key not in self._added_up:
            self._added_up[key] = roster.added_up(steps, spans)
        return self._added_up[key]

    def steps(self, heir: CurrentUnit, *, once: bool = False) -> list[tuple[str, date, int, int]]:
        """The roster steps behind `expected`: tier, day, opened, closed."""
        return [(into, *step) for (_, into), *step in self._steps_then(heir, once)]

    def _steps_then(self, heir: CurrentUnit, once: bool) -> Iterator[tuple[tuple[str, str], date, int, int]]:
        counted = set()
        for source in heir.sources:
            if not source.sums:
                if not (once and source.unit in counted):
                    yield from (((source.tier, source.into), *step) for step in self._unit_steps(source.unit))
                counted.add(source.unit)
                continue
            for tier, external, *step in self._steps.get(source.unit, ()):
                if not source.tier:
                    if self.external or not external:
                        yield (tier, tier), *step
                elif (tier, external) == (source.tier, source.external):
                    yield (tier, source.into), *step

    def _unit_steps(self, number: int) -> list[tuple[date, int, int]]:
        unit = self.sources[number]
        if not unit.reports:
            return []
        until = unit.reporting_ends
        return [(unit.active_from, 1, 0), *([(until, 0, 1)] if until is not None else [])]

    def within(self, prefix: str, sources: Iterable[HistorySource]) -> Q:
        """Condition on a unit's columns (`prefix`, such as "submission__unit__"): one of these sources or below one."""
        single: set[int] = set()
        groups: dict[tuple[str, bool], list[str]] = defaultdict(list)
        for source in sources:
            if source.sums:
                groups[source.tier, source.external].append(self.sources[source.unit].path)
            else:
                single.add(source.unit)
        condition = Q(**{f"{prefix}pk__in": sorted(single)})
        for (tier, external), paths in groups.items():
            below = Q()
            for path in paths:
                below |= subtree(path, f"{prefix}path")
            if tier:
                kind = Q(**{f"{prefix}kind": UnitKind.EXTERNAL})
                below &= Q(**{f"{prefix}tier": tier}) & (kind if external else ~kind)
            elif not self.external:
                below &= ~Q(**{f"{prefix}kind": UnitKind.EXTERNAL})
            condition |= below
        return condition

    def places(self, number: int, path: str, tier: str, external: bool) -> dict[int | None, str]:
        """{row (unit id; None: the total): tier} under which the reports of a unit count."""
        single, groups = self._index
        places = dict(single.get(number, ()))
        for above in path.split("/"):
            if kinds := groups.get(above):
                for key in ((tier, external), ("", False)):
                    for place, into in kinds.get(key, ()):
                        places.setdefault(place, into or tier)
        if self.total is None:
            places[None] = tier
        return places

    @cached_property
    def _index(self) -> tuple[dict, dict]:
        """Rows by id of a single unit, and by group (its id as text, as in paths) and kind."""
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
    """Whether a history consists of the unit itself."""
    if heir.whole:
        return [(source.unit, source.tier) for source in heir.sources] == [(heir.unit.pk, "")]
    return all(source.unit == heir.unit.pk for source in heir.sources)
