"""Where the territory of a unit by today's units differs from the reported one: units that came, left or closed."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from itertools import chain
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Window

from core.database import PreparedQuery, path_between, path_bounds
from figures.unit_changes import MOST, Territory
from units.models import Inherited, Unit, UnitKind, UnitQuerySet, expected_within, key_on, subtree
from units.succession.stored_lineage import HistorySource
from units.tree import roster
from units.tree.queries import UnitRow

from .figures_query import FiguresQuery


def territory(query: FiguresQuery) -> Territory:
    """At most four queries; none where nothing came, left or closed."""
    history = query.successor_history
    if history.over:
        return _closed_unit_territory(query)
    if history.total is None:
        return Territory()
    path, day = query.unit.path, history.day
    outside = sorted(_arrivals(query), key=lambda unit: unit.folded)
    left = _departures(*path_bounds(path), query.start, query.end, day) if query.unit.has_children else []
    paths = [
        path_bound
        for place in (path, *topmost_paths(path_bound.path for path_bound in outside))
        for path_bound in path_bounds(place)
    ]
    ended = _closures(len(paths))(*paths, query.start, query.end, day)
    return _territory_of(
        day,
        came=_list_of_units(outside),
        left=_list_of_rows(left),
        ended=_list_of_rows(ended),
    )


def closed_before(query: FiguresQuery, first: date, last: date, start: date) -> UnitQuerySet | None:
    """Units expected to report between `first` and `last` that closed before `start` without a successor; `territory`
    of a period from `start` does not name them. None if the roster shows that there are none. One query.
    """
    history, path = query.successor_history, query.unit.path
    if history.over or history.total is None:
        return None
    arrived = [
        source for source in history.total.sources if not history.sources[source.unit].path.startswith(path)
    ]
    # Units closed below a group that still exists belong to that group.
    groups = [
        unit
        for source in arrived
        if source.sums and _is_over(unit := history.sources[source.unit], history.day)
    ]
    steps = roster.steps_of([query.unit.pk, *(group.pk for group in groups)], external=query.external)
    closed = _closed(chain.from_iterable(steps.values()), first, start)
    if not closed or (not arrived and closed == _closed(query.turns, first, start)):
        # None closed, or as many as are sources from below the unit itself.
        return None
    below = Q()
    for place in (path, *topmost_paths(group.path for group in groups)):
        below |= subtree(place)
    closed_units = Unit.objects.filter(
        below,
        expected_within(first, last),
        Q(active_until__lt=start) | Q(reports_until__lt=start),
        ~Exists(_mapped(history.day).filter(source=OuterRef("pk"))),
        active_until__lt=history.day,
    )
    if query.tier is not None:
        closed_units = closed_units.filter(tier=query.tier)
    return closed_units if query.external else closed_units.exclude(kind=UnitKind.EXTERNAL)


def _is_over(unit: UnitRow | Unit, day: date) -> bool:
    return unit.active_until is not None and unit.active_until < day


def _closed(steps: Iterable[tuple[str, date, int, int]], first: date, start: date) -> int:
    """How many closed from `first` until before `start`."""
    return sum(closed for _, on, _, closed in steps if first <= on < start)


def _arrivals(query: FiguresQuery) -> list[UnitRow | Unit]:
    """Source units from outside that were expected to report in the period. A group above the unit is replaced by its
    other branches; one query then.
    """
    history, path = query.successor_history, query.unit.path
    arrivals: dict[int, UnitRow | Unit] = {}
    beside = Q()
    for source in history.total.sources:
        unit = history.sources[source.unit]
        if unit.path.startswith(path) or not _expected_to_report(query, source):
            continue
        if path.startswith(unit.path):
            beside |= _beside(query, unit.path, source)
        else:
            arrivals[unit.pk] = unit
    if beside:
        arrivals |= {unit.pk: unit for unit in Unit.objects.filter(beside)}
    return list(arrivals.values())


def _expected_to_report(query: FiguresQuery, source: HistorySource) -> bool:
    """Whether the unit, or any unit of the group, was expected to report in the period."""
    history = query.successor_history
    if not source.sums:
        return history.sources[source.unit].expected_to_report(query.start, query.end)
    alone = history.total._replace(sources=[source])
    return any(any(tiers.values()) for tiers in history.expected(alone, query.spans))


def _beside(query: FiguresQuery, above: str, source: HistorySource) -> Q:
    """Condition: units beside the path from the group `above` down to the unit, with expected reports of the source's
    kind below them.
    """
    way = [int(part) for part in query.unit.path.strip("/").split("/")]
    over = way[above.count("/") - 2 : -1]
    kinds = Q(kind=UnitKind.EXTERNAL) if source.external else ~Q(kind=UnitKind.EXTERNAL)
    expected = expected_within(query.start, query.end)
    there = Unit.objects.filter(subtree(above), kinds, expected, tier=source.tier)
    reporting = there.filter(path__startswith=OuterRef("path"))
    return Q(parent__in=over) & ~Q(pk__in=way) & Q(Exists(reporting))


def topmost_paths(paths: Iterable[str]) -> list[str]:
    """The paths that are not below another of them."""
    topmost: list[str] = []
    for path in sorted(paths):
        if not topmost or not path.startswith(topmost[-1]):
            topmost.append(path)
    return topmost


_List = tuple[list[tuple[str, date | None, str]], int]  # the first ones, and the number of all
# Columns of a row, the last one the number of all rows.
_NAMED = ("code", "active_until", "name", Window(Count("*")))


def _departures_by(first: str, last: str, start: date, end: date, day: date) -> QuerySet:
    here = (
        _mapped(day)
        .filter(path_between(first, last, "source__path"))
        .exclude(path_between(first, last, "heir__path"))
    )
    expected = Unit.objects.filter(expected_within(start, end), pk__in=here.values("source"))
    return expected.first_by_name(MOST).values_list(*_NAMED)


_departures = PreparedQuery(_departures_by, str, str, date, date, date)


@cache
def _closures(bounds: int) -> PreparedQuery:
    """Units expected to report and closed without a successor. Arguments: bounds of the paths above them, first and
    last day of the period, the reader's day.
    """

    def build(*arguments: Any) -> QuerySet:
        *paths, start, end, day = arguments
        below = Q()
        for at in range(0, bounds, 2):
            below |= path_between(paths[at], paths[at + 1])
        closed = Unit.objects.filter(below, expected_within(start, end), active_until__lt=day)
        return (
            closed.filter(~Exists(_mapped(day).filter(source=OuterRef("pk"))))
            .first_by_name(MOST)
            .values_list(*_NAMED)
        )

    return PreparedQuery(build, *([str] * bounds), date, date, date)


def _list_of_units(units: list[Unit]) -> _List:
    return [(unit.code, unit.active_until, unit.name) for unit in units[:MOST]], len(units)


def _list_of_rows(rows: list[tuple]) -> _List:
    """From rows of `_NAMED`."""
    return [row[:3] for row in rows], rows[0][3] if rows else 0


def _territory_of(day: date, **lists: _List) -> Territory:
    """The Territory with these lists: the first ones of each, and how many more there are."""
    named = {
        name: tuple((key_on(code, until, day), unit_name) for code, until, unit_name in rows)
        for name, (rows, _) in lists.items()
    }
    more = {name: total - len(rows) for name, (rows, total) in lists.items() if total > len(rows)}
    return Territory(**named, more=more)


def _closed_unit_territory(query: FiguresQuery) -> Territory:
    """For a closed unit: today's units with other sources as well, and units without a successor."""
    history = query.successor_history
    heirs = [row.unit.pk for row in history.ended if not row.unit.is_over(history.day)]
    mixed = (
        _mapped(history.day)
        .filter(~_in_between(), heir__in=heirs)
        .exclude(subtree(query.unit.path, "source__path"))
    )
    ended = [row.unit for row in history.ended if row.unit.is_over(history.day)]
    partly = (
        Unit.objects.filter(pk__in=mixed.values("heir")).first_by_name(MOST).values_list(*_NAMED)
        if heirs
        else []
    )
    return _territory_of(history.day, partly=_list_of_rows(list(partly)), ended=_list_of_units(ended))


def _in_between() -> Exists:
    """Condition on mapped rows: the source took over on its first day from others, also sources of the heir."""
    first = OuterRef("source__active_from")
    return Exists(
        Inherited.objects.filter(heir=OuterRef("source"), whole=False, since__lte=first, until__gte=first)
    )


def _mapped(day: date) -> QuerySet[Inherited]:
    return Inherited.objects.filter(whole=False, since__lte=day, until__gte=day)
