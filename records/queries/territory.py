"""Where the territory of a unit by today's units is not the one that reported: what came, went and ended."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from figures.territory import MOST, Territory
from units.compiled import Compiled
from units.models import Inherited, Unit, key_on, owing, subtree
from units.paths import between, ends

from .question import Question


def territory(question: Question) -> Territory:
    """In three queries at most; none where nothing came, went or ended."""
    carried = question.carried
    if carried.over:
        return _of_ended(question)
    if carried.total is None:
        return Territory()
    path, day = question.unit.path, carried.day
    came = {one.unit for one in carried.total.sources if not carried.sources[one.unit].path.startswith(path)}
    outside = sorted((carried.sources[pk] for pk in came), key=lambda one: one.folded)
    left = _left(*ends(path), day) if question.unit.has_children else []
    paths = [one for place in (path, *_highest(one.path for one in outside)) for one in ends(place)]
    ended = _ended(len(paths))(*paths, question.start, question.end, day)
    return Territory(_told(outside, day), _named(left, day), _named(ended, day))


def _highest(paths: Iterable[str]) -> list[str]:
    """Those that are not below another one."""
    found: list[str] = []
    for path in sorted(paths):
        if not found or not path.startswith(found[-1]):
            found.append(path)
    return found


_NAMED = ("code", "active_until", "name")


def _left_by(first: str, last: str, day: date) -> QuerySet:
    here = (
        _mapped(day).filter(between(first, last, "source__path")).exclude(between(first, last, "heir__path"))
    )
    return _first(Unit.objects.filter(pk__in=here.values("source"))).values_list(*_NAMED)


_left = Compiled(_left_by, str, str, date)


@cache
def _ended(ends_given: int) -> Compiled:
    """The question of units that owed and are over without a successor: the ends of the paths above them, first and
    last day of the period, the reader's day.
    """

    def build(*given: Any) -> QuerySet:
        *paths, start, end, day = given
        below = Q()
        for at in range(0, ends_given, 2):
            below |= between(paths[at], paths[at + 1])
        found = Unit.objects.filter(below, owing(start, end), active_until__lt=day)
        return _first(found.filter(~Exists(_mapped(day).filter(source=OuterRef("pk"))))).values_list(*_NAMED)

    return Compiled(build, *([str] * ends_given), date, date, date)


def _named(rows: Iterable[tuple], day: date) -> tuple[tuple[str, str], ...]:
    return tuple((key_on(code, until, day), name) for code, until, name in rows)


def _of_ended(question: Question) -> Territory:
    """Of a unit that is over: today's units that also hold what came from elsewhere, and what has no successor."""
    carried = question.carried
    heirs = [row.unit.pk for row in carried.ended if not row.unit.is_over(carried.day)]
    mixed = (
        _mapped(carried.day)
        .filter(~_in_between(), heir__in=heirs)
        .exclude(subtree(question.unit.path, "source__path"))
    )
    ended = [row.unit for row in carried.ended if row.unit.is_over(carried.day)]
    partly = _some(Unit.objects.filter(pk__in=mixed.values("heir"))) if heirs else []
    return Territory(partly=_told(partly, carried.day), ended=_told(ended, carried.day))


def _in_between() -> Exists:
    """Of a mapped row: its source took over from others on its first day, which are sources of the heir too."""
    first = OuterRef("source__active_from")
    return Exists(
        Inherited.objects.filter(heir=OuterRef("source"), whole=False, since__lte=first, until__gte=first)
    )


def _mapped(day: date) -> QuerySet[Inherited]:
    return Inherited.objects.filter(whole=False, since__lte=day, until__gte=day)


def _some(units: QuerySet[Unit]) -> list[Unit]:
    return list(_first(units))


def _first(units: QuerySet[Unit]) -> QuerySet[Unit]:
    return units.order_by("folded", "pk")[: MOST + 1]


def _told(units: Iterable[Unit], day: date) -> tuple[tuple[str, str], ...]:
    return tuple((one.key_on(day), one.name) for one in list(units)[: MOST + 1])
