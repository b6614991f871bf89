"""Where the territory of a unit by today's units is not the one that reported: what came, went and closed."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from itertools import chain
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Window

from core.database import PreparedQuery, path_between, path_bounds
from figures.unit_changes import MOST, Territory
from units.models import Inherited, Unit, UnitKind, UnitQuerySet, expected_within, key_on, subtree
from units.succession.inheritance import HistorySource
from units.tree import roster
from units.tree.queries import UnitRow

from .figures_query import FiguresQuery


def territory(query: FiguresQuery) -> Territory:
    """In four queries at most; none where nothing came, went or ended."""
    carried = query.carried
    if carried.over:
        return _of_ended(query)
    if carried.total is None:
        return Territory()
    path, day = query.unit.path, carried.day
    outside = sorted(_arrivals(query), key=lambda one: one.folded)
    left = _departures(*path_bounds(path), query.start, query.end, day) if query.unit.has_children else []
    paths = [
        path_bound
        for place in (path, *topmost_paths(path_bound.path for path_bound in outside))
        for path_bound in path_bounds(place)
    ]
    ended = _closures(len(paths))(*paths, query.start, query.end, day)
    return _counted(
        day,
        came=_of_units(outside),
        left=_of_rows(left),
        ended=_of_rows(ended),
    )


def closed_before(query: FiguresQuery, first: date, last: date, start: date) -> UnitQuerySet | None:
    """Units that owed a report from the first to the last of these days, ended before `start`, and have no successor:
    of a period that starts then, `territory` does not name them. None where the roster tells that there are none; one
    query.
    """
    carried, path = query.carried, query.unit.path
    if carried.over or carried.total is None:
        return None
    came = [
        source for source in carried.total.sources if not carried.sources[source.unit].path.startswith(path)
    ]
    # What ended below a group that is still there is a matter of that group.
    groups = [
        one for source in came if source.sums and _is_over(one := carried.sources[source.unit], carried.day)
    ]
    steps = roster.steps_of([query.unit.pk, *(group.pk for group in groups)], external=query.external)
    closed = _closed(chain.from_iterable(steps.values()), first, start)
    if not closed or (not came and closed == _closed(query.turns, first, start)):
        # Nobody ended, or as many as have come over from below the unit itself.
        return None
    below = Q()
    for place in (path, *topmost_paths(group.path for group in groups)):
        below |= subtree(place)
    found = Unit.objects.filter(
        below,
        expected_within(first, last),
        Q(active_until__lt=start) | Q(reports_until__lt=start),
        ~Exists(_mapped(carried.day).filter(source=OuterRef("pk"))),
        active_until__lt=carried.day,
    )
    if query.tier is not None:
        found = found.filter(tier=query.tier)
    return found if query.external else found.exclude(kind=UnitKind.EXTERNAL)


def _is_over(unit: UnitRow | Unit, day: date) -> bool:
    return unit.active_until is not None and unit.active_until < day


def _closed(steps: Iterable[tuple[str, date, int, int]], first: date, start: date) -> int:
    """How many ended from one day until before the other."""
    return sum(closed for _, on, _, closed in steps if first <= on < start)


def _arrivals(query: FiguresQuery) -> list[UnitRow | Unit]:
    """Who came from outside and owed reports of the period. A group above the unit that has all of itself in it is told
    by what else is below that group, if anything: one query then.
    """
    carried, path = query.carried, query.unit.path
    found: dict[int, UnitRow | Unit] = {}
    beside = Q()
    for one in carried.total.sources:
        source = carried.sources[one.unit]
        if source.path.startswith(path) or not _owed_report(query, one):
            continue
        if path.startswith(source.path):
            beside |= _beside(query, source.path, one)
        else:
            found[source.pk] = source
    if beside:
        found |= {unit.pk: unit for unit in Unit.objects.filter(beside)}
    return list(found.values())


def _owed_report(query: FiguresQuery, source: HistorySource) -> bool:
    """Whether the unit, or anybody of the group, owed a report of the period."""
    carried = query.carried
    if not source.sums:
        return carried.sources[source.unit].expected_to_report(query.start, query.end)
    alone = carried.total._replace(sources=[source])
    return any(any(tiers.values()) for tiers in carried.expected(alone, query.spans))


def _beside(query: FiguresQuery, above: str, source: HistorySource) -> Q:
    """Condition: not on the way from a group down to a unit but directly below one that is, with reports of the kind
    that the group has in it.
    """
    way = [int(part) for part in query.unit.path.strip("/").split("/")]
    over = way[above.count("/") - 2 : -1]
    kinds = Q(kind=UnitKind.EXTERNAL) if source.external else ~Q(kind=UnitKind.EXTERNAL)
    owed = expected_within(query.start, query.end)
    there = Unit.objects.filter(subtree(above), kinds, owed, tier=source.tier)
    reporting = there.filter(path__startswith=OuterRef("path"))
    return Q(parent__in=over) & ~Q(pk__in=way) & Q(Exists(reporting))


def topmost_paths(paths: Iterable[str]) -> list[str]:
    """Paths that are not below another one."""
    found: list[str] = []
    for path in sorted(paths):
        if not found or not path.startswith(found[-1]):
            found.append(path)
    return found


_List = tuple[list[tuple[str, date | None, str]], int]  # the first ones, and how many there are in all
# A page of rows, each with how many there are in all.
_NAMED = ("code", "active_until", "name", Window(Count("*")))


def _departures_by(first: str, last: str, start: date, end: date, day: date) -> QuerySet:
    here = (
        _mapped(day)
        .filter(path_between(first, last, "source__path"))
        .exclude(path_between(first, last, "heir__path"))
    )
    owed = Unit.objects.filter(expected_within(start, end), pk__in=here.values("source"))
    return owed.first_by_name(MOST).values_list(*_NAMED)


_departures = PreparedQuery(_departures_by, str, str, date, date, date)


@cache
def _closures(ends_given: int) -> PreparedQuery:
    """The question of units that owed and are over without a successor: the ends of the paths above them, first and
    last day of the period, the reader's day.
    """

    def build(*given: Any) -> QuerySet:
        *paths, start, end, day = given
        below = Q()
        for at in range(0, ends_given, 2):
            below |= path_between(paths[at], paths[at + 1])
        found = Unit.objects.filter(below, expected_within(start, end), active_until__lt=day)
        return (
            found.filter(~Exists(_mapped(day).filter(source=OuterRef("pk"))))
            .first_by_name(MOST)
            .values_list(*_NAMED)
        )

    return PreparedQuery(build, *([str] * ends_given), date, date, date)


def _of_units(units: list[Unit]) -> _List:
    return [(unit.code, unit.active_until, unit.name) for unit in units[:MOST]], len(units)


def _of_rows(rows: list[tuple]) -> _List:
    """Of rows of `_NAMED`."""
    return [row[:3] for row in rows], rows[0][3] if rows else 0


def _counted(day: date, **lists: _List) -> Territory:
    """The lists of a Territory by their names: the first of each, and how many more there are."""
    named = {
        name: tuple((key_on(code, until, day), told) for code, until, told in rows)
        for name, (rows, _) in lists.items()
    }
    more = {name: total - len(rows) for name, (rows, total) in lists.items() if total > len(rows)}
    return Territory(**named, more=more)


def _of_ended(query: FiguresQuery) -> Territory:
    """Of a unit that is over: today's units that also hold what came from elsewhere, and what has no successor."""
    carried = query.carried
    heirs = [row.unit.pk for row in carried.ended if not row.unit.is_over(carried.day)]
    mixed = (
        _mapped(carried.day)
        .filter(~_in_between(), heir__in=heirs)
        .exclude(subtree(query.unit.path, "source__path"))
    )
    ended = [row.unit for row in carried.ended if row.unit.is_over(carried.day)]
    partly = (
        Unit.objects.filter(pk__in=mixed.values("heir")).first_by_name(MOST).values_list(*_NAMED)
        if heirs
        else []
    )
    return _counted(carried.day, partly=_of_rows(list(partly)), ended=_of_units(ended))


def _in_between() -> Exists:
    """Of a mapped row: its source took over from others on its first day, which are sources of the heir too."""
    first = OuterRef("source__active_from")
    return Exists(
        Inherited.objects.filter(heir=OuterRef("source"), whole=False, since__lte=first, until__gte=first)
    )


def _mapped(day: date) -> QuerySet[Inherited]:
    return Inherited.objects.filter(whole=False, since__lte=day, until__gte=day)
