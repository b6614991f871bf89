"""By today's units: finds units whose succession does not cover both periods of a comparison."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from core.database import PreparedQuery, path_between, path_bounds
from figures.periods import Period
from records.summary.figures_query import FiguresQuery
from records.summary.territory import closed_before, topmost_paths
from units.models import Inherited, RosterStep, Succession, Unit, UnitKind, UnitQuerySet, subtree

# Prepared queries (core.database), since every page by today's units runs them.

# Columns read of a unit whose succession breaks.
COLUMNS = ("pk", "path", "tier", "kind", "active_until")
Tiers = frozenset[str] | None
_UNTIL_ITS_END = Q(reports_until=None) | Q(reports_until__gte=F("active_until"))


def reporting_condition(tiers: Set[str] | None, prefix: str = "") -> Q:
    """Condition on a unit's columns: it reports at some time, and is of one of the tiers if given."""
    condition = Q(**{f"{prefix}reports": True})
    return condition if tiers is None else condition & Q(**{f"{prefix}tier__in": sorted(tiers)})


class BreakingLines(NamedTuple):
    """The days are those of both periods and the reader's. `tiers`: those that report what
    is asked for; None: all. `path`: of the unit that is asked for, where it is over: only what is below it counts then.
    """

    start: date
    first_end: date
    last_start: date
    end: date
    day: date
    tiers: Tiers = None
    path: str = ""

    def reporting(self, prefix: str = "") -> Q:
        """See reporting_condition."""
        return reporting_condition(self.tiers, prefix)

    @property
    def alone(self) -> Q:
        """It opened meanwhile without a predecessor in scope."""
        return self._opened & ~Q(Exists(self.took_over())) & self.reporting()

    @property
    def unfollowed(self) -> Q:
        """It ended meanwhile, and a successor does not report or is out of scope."""
        nothing = ~self.reporting("new__")
        nothing |= ~subtree(self.path, "new__path") if self.path else Q()
        followed = Succession.objects.filter(nothing, old=OuterRef("pk"))
        return self.ended & Q(Exists(followed))

    @property
    def ended(self) -> Q:
        """It reported until it ended meanwhile."""
        return self._ended & _UNTIL_ITS_END & self.reporting()

    @property
    def stopped(self) -> Q:
        """It has units below meanwhile, and does not report any more."""
        still = Q(active_until=None) | Q(active_until__gt=F("reports_until"))
        days = Q(reports_until__lt=self.last_start, reports_until__gte=self.start)
        return still & days & self.reporting()

    @property
    def later(self) -> Q:
        """It opened or ends meanwhile but after the reader's day, so nothing is carried over yet."""
        opened = self._opened & Q(active_from__gt=self.day)
        return (opened | self._ended & Q(active_until__gte=self.day)) & self.reporting()

    @property
    def stopped_or_later(self) -> Q:
        """The union of `stopped` and `later`."""
        return self.stopped | self.later

    @property
    def elsewhere(self) -> Q:
        """It opened meanwhile, and a predecessor is out of scope."""
        return self._opened & Q(Exists(self.took_over(outside=True))) & self.reporting()

    @property
    def nowhere(self) -> Q:
        """It opened or ended meanwhile, and is not carried over to any unit."""
        rows = Inherited.objects.filter(whole=False, since__lte=self.day, until__gte=self.day)
        return (
            (self._opened | self._ended) & ~Q(Exists(rows.filter(source=OuterRef("pk")))) & self.reporting()
        )

    @property
    def reported_until_its_end(self) -> Q:
        """Condition on a succession: there was something to take over."""
        until = Q(old__reports_until=None) | Q(old__reports_until__gte=F("old__active_until"))
        return self.reporting("old__") & until

    @property
    def silent(self) -> Q:
        """It does not report, and opened meanwhile as the successor of a unit that did."""
        opened = Q(active_from__gt=self.start, active_from__lte=self.last_start)
        return opened & ~self.reporting() & Q(Exists(self.took_over()))

    def took_over(self, *, outside: bool = False) -> QuerySet[Succession]:
        """Successions to the unit from units that reported until their end."""
        successions = Succession.objects.filter(self.reported_until_its_end, new=OuterRef("pk"))
        if self.path:
            inside = subtree(self.path, "old__path")
            successions = successions.exclude(inside) if outside else successions.filter(inside)
        return successions

    @property
    def _opened(self) -> Q:
        return Q(active_from__gt=self.first_end, active_from__lte=self.end)

    @property
    def _ended(self) -> Q:
        return Q(active_until__gte=self.start, active_until__lt=self.last_start)


@cache
def break_query(what: str, names: tuple[str, ...], tiers: Tiers, end_count: int) -> PreparedQuery:
    """Units in which a line breaks in one way (`what`, a condition of BreakingLines): by the numbers of units and of
    those above them, the ends of paths, and the days of these names. No two ways in one: PostgreSQL reads all
    successions for a subquery within an OR.
    """

    def build(numbers: list[int], above: list[int], *values: Any) -> QuerySet:
        days = dict.fromkeys(BreakingLines._fields[:5]) | dict(zip(names, values[end_count:], strict=True))
        near = Q(pk__in=numbers) | Q(parent__in=above)
        for at in range(0, end_count, 2):
            near |= path_between(values[at], values[at + 1])
        condition = getattr(BreakingLines(**days, tiers=tiers), what)
        return Unit.objects.filter(near, condition).order_by().values_list(*COLUMNS)

    return PreparedQuery(build, list, list, *([str] * end_count), *([date] * len(names)))


# Roster steps between two days: group id, how many units below it opened, how many closed.
turnover_condition = PreparedQuery(
    lambda first, last: (
        RosterStep.objects.order_by()
        .filter(on__gte=first, on__lte=last)
        .values_list("group", "opened", "closed")
    ),
    date,
    date,
)

# A unit of the day has the history of its predecessors. It can be compared where each of them that opened
# meanwhile took over from one that reported until then, and each that ended was followed by one that reports;
# so every report of either period has its counterpart in the other. What breaks a line is looked for among
# those that opened or stopped meanwhile.

# Where units are looked for: their numbers, those of the groups above them, the ends of paths.
_Near = tuple[Collection[int], Collection[int], Collection[str]]


@dataclass(frozen=True)
class BothPeriods:
    """What is asked, and the days that a unit reports on throughout both periods: from the end of the first month of
    the earlier one to the start of the last month of the other. `tiers`: those of which all units owe the field that is
    asked for; None: all.
    """

    reach: FiguresQuery
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
        return [(self._span(period.first)[0], self._span(period.last)[1]) for period in both]

    @property
    def ended_before(self) -> UnitQuerySet | None:
        """Who owed reports of the earlier period and is part of no history, as far as what is told beside the figures
        of the period does not name them; None where there can be none. One query at most.
        """
        (first, last), (start, _) = self.periods
        return closed_before(self.reach, first, last, start)

    def _span(self, month) -> tuple[date, date]:
        return self.reach.spans[self.reach.months.index(month)]


def incomparable_units(periods: BothPeriods) -> Set[int]:
    """Ids of the units of the day that cannot be compared: their succession breaks, or they share the report of a
    divided unit with one in which it does. Four queries, of a country or a unit that is over five or six; where a line
    breaks two or three more, and one for each further step from one divided unit to another.
    """
    units = _breaks(periods)
    if not units:
        return frozenset()
    left, more = set(), set(_heirs(periods, units))
    while more:
        left |= more
        # A unit split between a left-out unit and another one makes both incomparable.
        more = set(_sharing(periods, more)) - left
    return left


def history_units(periods: BothPeriods, heirs: Iterable[int]) -> dict[int, Set[int]]:
    """Ids of the units whose reports are, fully or in part, the history of each. One query."""
    sources = {heir: {heir} for heir in heirs}
    rows = _inherited_rows(periods.reach).filter(heir__in=list(sources))
    if periods.reach.successor_history.over:
        rows = rows.filter(subtree(periods.reach.unit.path, "source__path"))
    for heir, source in rows.values_list("heir_id", "source_id"):
        sources[heir].add(source)
    return sources


def rows_containing(heirs: Mapping[int, str], reach: FiguresQuery) -> Set[int]:
    """Ids of the rows that contain any of these units (id → path)."""
    above, rows = reach.unit.path, set(heirs)
    for path in heirs.values():
        if path.startswith(above):
            below = path[len(above) :].partition("/")[0]
            rows.add(int(below) if below else reach.unit.pk)
    return rows


def _breaks(periods: BothPeriods) -> list[tuple]:
    """Units in which a line breaks: it begins or ends there, or who follows reports nothing (`COLUMNS` of each)."""
    reach, tiers = periods.reach, None if periods.tiers is None else frozenset(periods.tiers)
    days = (periods.start, periods.first_end, periods.last_start, periods.end, reach.successor_history.day)
    if reach.successor_history.over:
        lines = BreakingLines(*days, tiers, reach.unit.path)
        ways = (lines.alone, lines.unfollowed, lines.stopped, lines.elsewhere, lines.nowhere)
        units = Unit.objects.order_by().filter(reach.within())
        return [row for way in ways for row in units.filter(way).values_list(*COLUMNS)]
    lines = BreakingLines(*days, tiers)
    if reach.unit.parent_id is None and reach.unit.has_children:
        return _of_country(lines)
    near = _single(reach), (), _paths(reach)
    rows = _breaks_near(lines, "alone", near, "first_end", "end")
    if ended := {row[0]: row for row in _breaks_near(lines, "ended", near, "start", "last_start")}:
        silent = Succession.objects.order_by().filter(~lines.reporting("new__"), old__in=list(ended))
        rows += [ended[old] for old in silent.values_list("old_id", flat=True)]
    return rows + _breaks_near(lines, "stopped_or_later", near, *BreakingLines._fields[:5])


def _of_country(lines: BreakingLines) -> list[tuple]:
    """Breaks in the whole country, found through the groups with roster changes."""
    several = turnover_condition(lines.start, lines.end)
    groups = {group for group, _, _ in several}
    rows = _breaks_near(
        lines, "alone", ((), {group for group, opened, _ in several if opened}, ()), "first_end", "end"
    )
    rows += _breaks_near(lines, "stopped", (groups, (), ()), "start", "last_start")
    if lines.day < lines.end:
        rows += _breaks_near(lines, "later", ((), groups, ()), *BreakingLines._fields[:5])
    # Ten thousand units may end together; few of their successors do not report, so start from these.
    silent = _breaks_near(lines, "silent", (groups, (), ()), "start", "last_start")
    silent += _breaks_near(lines, "silent", ((), groups, ()), "start", "last_start")
    if silent:
        links = Succession.objects.order_by().filter(
            lines.reported_until_its_end, new__in=[row[0] for row in silent]
        )
        rows += links.values_list(*(f"old__{name}" for name in COLUMNS))
    return rows


def _breaks_near(lines: BreakingLines, what: str, near: _Near, *names: str) -> list[tuple]:
    numbers, above, paths = near
    ask = break_query(what, names, lines.tiers, len(paths))
    return ask(list(numbers), list(above), *paths, *(getattr(lines, name) for name in names))


def _paths(reach: FiguresQuery) -> list[str]:
    """Ends of the paths of the unit and of the groups that its history comes from."""
    total, path = reach.successor_history.total, reach.unit.path
    groups = (
        [reach.successor_history.sources[source.unit].path for source in total.sources if source.sums]
        if total
        else []
    )
    return [end for place in topmost_paths((path, *groups)) for end in path_bounds(place)]


def _single(reach: FiguresQuery) -> list[int]:
    """Ids of single units that its history comes from."""
    total = reach.successor_history.total
    return sorted({source.unit for source in total.sources if not source.sums}) if total else []


def _heirs(periods: BothPeriods, units: list[tuple]) -> Iterator[int]:
    """The units of the day in scope that these are carried over to. One query."""
    reach, gone = periods.reach, {row[0] for row in units}
    inherited = _inherited_rows(reach).filter(source__in=gone)
    for source, heir, *end in inherited.values_list("source_id", "heir_id", "heir__path", "into", "external"):
        gone.discard(source)
        if _within(reach, *end):
            yield heir
    for pk, path, tier, kind, until in units:
        here = reach.successor_history.over or until is None or until >= reach.successor_history.day
        if pk in gone and here and _within(reach, path, tier, kind == UnitKind.EXTERNAL):
            yield pk


def _within(reach: FiguresQuery, path: str, tier: str, external: bool) -> bool:
    """Whether a unit of the day is in scope; for a closed unit all are."""
    if reach.successor_history.over:
        return True
    here = path.startswith(reach.unit.path) and (reach.external or not external)
    return here and reach.tier in (None, tier)


def _sharing(periods: BothPeriods, heirs: Set[int]) -> Iterator[int]:
    """Units in scope that share the report of a divided unit with these. One query."""
    reach, day = periods.reach, periods.reach.successor_history.day
    rows = _inherited_rows(reach).exclude(share="1").filter(heir__in=heirs)
    other = "source__inherited_by"
    rows = rows.filter(
        **{f"{other}__whole": False, f"{other}__since__lte": day, f"{other}__until__gte": day}
    ).annotate(ends=Coalesce("source__reports_until", "source__active_until"))
    ends = ("heir_id", "heir__path", "into", "external")
    days = ("source__path", "source__active_from", "ends")
    for path, since, until, heir, *end in rows.values_list(*days, *(f"{other}__{name}" for name in ends)):
        expected = any(since <= last and (until is None or until >= first) for first, last in periods.periods)
        if (
            expected
            and _within(reach, *end)
            and (not reach.successor_history.over or path.startswith(reach.unit.path))
        ):
            yield heir


def _inherited_rows(reach: FiguresQuery) -> QuerySet[Inherited]:
    day = reach.successor_history.day
    return Inherited.objects.order_by().filter(whole=False, since__lte=day, until__gte=day)
