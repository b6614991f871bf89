"""By today's units: whose line of succession does not reach through both periods of a comparison."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from figures.periods import Period
from records.queries.question import Question
from records.queries.territory import ended_before, highest
from units.models import Inherited, Kind, Succession, Unit, UnitQuerySet, subtree
from units.paths import ends

from .breaking import COLUMNS, BreakingLines, question, turning

# A unit of the day has the history of its predecessors. It can be compared where each of them that opened
# meanwhile took over from one that reported until then, and each that ended was followed by one that reports;
# so every report of either period has its counterpart in the other. What breaks a line is looked for among
# those that opened or stopped meanwhile.

# Where units are looked for: their numbers, those of the groups above them, the ends of paths.
_Near = tuple[Collection[int], Collection[int], Collection[str]]


@dataclass(frozen=True)
class Throughout:
    """What is asked, and the days that a unit reports on throughout both periods: from the end of the first month of
    the earlier one to the start of the last month of the other. `tiers`: those of which all units owe the field that is
    asked for; None: all.
    """

    reach: Question
    period: Period
    tiers: Set[str] | None = None

    @property
    def start(self) -> date:
        """The first day of the earlier period."""
        return self._span(self.period.same_last_year().first)[0]

    @property
    def first_end(self) -> date:
        """The last day of its first month: who opens later took over from somebody, or cannot be compared."""
        return self._span(self.period.same_last_year().first)[1]

    @property
    def last_start(self) -> date:
        """The first day of the last month of the period: who ends earlier is followed by somebody, or cannot be."""
        return self._span(self.period.last)[0]

    @property
    def end(self) -> date:
        """The last day of the period."""
        return self._span(self.period.last)[1]

    @property
    def periods(self) -> list[tuple[date, date]]:
        """First and last day of the earlier period and of the other."""
        both = (self.period.same_last_year(), self.period)
        return [(self._span(one.first)[0], self._span(one.last)[1]) for one in both]

    @property
    def ended_before(self) -> UnitQuerySet | None:
        """Who owed reports of the earlier period and is part of no history, as far as what is told beside the figures
        of the period does not name them; None where there can be none. One query at most.
        """
        (first, last), (start, _) = self.periods
        return ended_before(self.reach, first, last, start)

    def _span(self, month) -> tuple[date, date]:
        return self.reach.spans[self.reach.months.index(month)]


def broken_heirs(asked: Throughout) -> Set[int]:
    """Numbers of the units of the day that cannot be compared: a line breaks within them, or they share the report of a
    divided unit with one in which it does. Four queries, of a country or a unit that is over five or six; where a line
    breaks two or three more, and one for each further step from one divided unit to another.
    """
    units = _breaks(asked)
    if not units:
        return frozenset()
    left, more = set(), set(_heirs(asked, units))
    while more:
        left |= more
        # What was split between one that is left out and another can be compared in neither.
        more = set(_sharing(asked, more)) - left
    return left


def made_of(asked: Throughout, heirs: Iterable[int]) -> dict[int, Set[int]]:
    """Numbers of the units whose reports are the history of each, in part too. One query."""
    found = {heir: {heir} for heir in heirs}
    rows = _held(asked.reach).filter(heir__in=list(found))
    if asked.reach.carried.over:
        rows = rows.filter(subtree(asked.reach.unit.path, "source__path"))
    for heir, source in rows.values_list("heir_id", "source_id"):
        found[heir].add(source)
    return found


def places_of(heirs: Mapping[int, str], reach: Question) -> Set[int]:
    """Numbers of the rows that hold any of these units (by number, with their paths)."""
    above, found = reach.unit.path, set(heirs)
    for path in heirs.values():
        if path.startswith(above):
            below = path[len(above) :].partition("/")[0]
            found.add(int(below) if below else reach.unit.pk)
    return found


def _breaks(asked: Throughout) -> list[tuple]:
    """Units in which a line breaks: it begins or ends there, or who follows reports nothing (`COLUMNS` of each)."""
    reach, tiers = asked.reach, None if asked.tiers is None else frozenset(asked.tiers)
    days = (asked.start, asked.first_end, asked.last_start, asked.end, reach.carried.day)
    if reach.carried.over:
        lines = BreakingLines(*days, tiers, reach.unit.path)
        ways = (lines.alone, lines.unfollowed, lines.stopped, lines.elsewhere, lines.nowhere)
        units = Unit.objects.order_by().filter(reach.within())
        return [row for way in ways for row in units.filter(way).values_list(*COLUMNS)]
    lines = BreakingLines(*days, tiers)
    if reach.unit.parent_id is None and reach.unit.has_children:
        return _of_country(lines)
    near = _single(reach), (), _paths(reach)
    rows = _told(lines, "alone", near, "first_end", "end")
    if ended := {row[0]: row for row in _told(lines, "ended", near, "start", "last_start")}:
        silent = Succession.objects.order_by().filter(~lines.reporting("new__"), old__in=list(ended))
        rows += [ended[old] for old in silent.values_list("old_id", flat=True)]
    return rows + _told(lines, "stopped_or_later", near, *BreakingLines._fields[:5])


def _of_country(lines: BreakingLines) -> list[tuple]:
    """Of all units, by the groups that keep that anybody came or went below them."""
    several = turning(lines.start, lines.end)
    groups = {group for group, _, _ in several}
    rows = _told(lines, "alone", ((), {group for group, one, _ in several if one}, ()), "first_end", "end")
    rows += _told(lines, "stopped", (groups, (), ()), "start", "last_start")
    if lines.day < lines.end:
        rows += _told(lines, "later", ((), groups, ()), *BreakingLines._fields[:5])
    # Of ten thousand that ended together all have successors, and few of these report nothing.
    silent = _told(lines, "silent", (groups, (), ()), "start", "last_start")
    silent += _told(lines, "silent", ((), groups, ()), "start", "last_start")
    if silent:
        links = Succession.objects.order_by().filter(
            lines.reported_until_its_end, new__in=[row[0] for row in silent]
        )
        rows += links.values_list(*(f"old__{name}" for name in COLUMNS))
    return rows


def _told(lines: BreakingLines, what: str, near: _Near, *names: str) -> list[tuple]:
    numbers, above, paths = near
    ask = question(what, names, lines.tiers, len(paths))
    return ask(list(numbers), list(above), *paths, *(getattr(lines, name) for name in names))


def _paths(reach: Question) -> list[str]:
    """Ends of the paths of the unit and of the groups that its history comes from."""
    total, path = reach.carried.total, reach.unit.path
    groups = [reach.carried.sources[one.unit].path for one in total.sources if one.sums] if total else []
    return [end for place in highest((path, *groups)) for end in ends(place)]


def _single(reach: Question) -> list[int]:
    """Numbers of the units that its history comes from one by one."""
    total = reach.carried.total
    return sorted({one.unit for one in total.sources if not one.sums}) if total else []


def _heirs(asked: Throughout, units: list[tuple]) -> Iterator[int]:
    """The units of the day that these are carried to, as far as they are part of what is asked. One query."""
    reach, gone = asked.reach, {row[0] for row in units}
    found = _held(reach).filter(source__in=gone)
    for source, heir, *end in found.values_list("source_id", "heir_id", "heir__path", "into", "external"):
        gone.discard(source)
        if _within(reach, *end):
            yield heir
    for number, path, tier, kind, until in units:
        here = reach.carried.over or until is None or until >= reach.carried.day
        if number in gone and here and _within(reach, path, tier, kind == Kind.EXTERNAL):
            yield number


def _within(reach: Question, path: str, tier: str, external: bool) -> bool:
    """Whether a unit of the day is part of what is asked; all are of a unit that is over."""
    if reach.carried.over:
        return True
    here = path.startswith(reach.unit.path) and (reach.external or not external)
    return here and reach.tier in (None, tier)


def _sharing(asked: Throughout, heirs: Set[int]) -> Iterator[int]:
    """With whom these share the report of a divided unit, as far as it is part of what is asked. One query."""
    reach, day = asked.reach, asked.reach.carried.day
    rows = _held(reach).exclude(share="1").filter(heir__in=heirs)
    other = "source__inherited_by"
    rows = rows.filter(
        **{f"{other}__whole": False, f"{other}__since__lte": day, f"{other}__until__gte": day}
    ).annotate(ends=Coalesce("source__reports_until", "source__active_until"))
    ends = ("heir_id", "heir__path", "into", "external")
    days = ("source__path", "source__active_from", "ends")
    for path, since, until, heir, *end in rows.values_list(*days, *(f"{other}__{name}" for name in ends)):
        owed = any(since <= last and (until is None or until >= first) for first, last in asked.periods)
        if owed and _within(reach, *end) and (not reach.carried.over or path.startswith(reach.unit.path)):
            yield heir


def _held(reach: Question) -> QuerySet[Inherited]:
    day = reach.carried.day
    return Inherited.objects.order_by().filter(whole=False, since__lte=day, until__gte=day)
