"""Where the territory of a unit by today's units is not the one that reported: what came, went and ended."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from figures.territory import MOST, Territory
from units.models import Inherited, Unit, owing, subtree

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
    left = _mapped(day).filter(subtree(path, "source__path")).exclude(subtree(path, "heir__path"))
    below = subtree(path)
    for one in outside:
        below |= subtree(one.path)
    ended = Unit.objects.filter(below, owing(question.start, question.end), active_until__lt=day)
    ended = ended.filter(~Exists(_mapped(day).filter(source=OuterRef("pk"))))
    return Territory(
        _told(outside, day),
        _told(_some(Unit.objects.filter(pk__in=left.values("source"))), day)
        if question.unit.has_children
        else (),
        _told(_some(ended), day),
    )


def _of_ended(question: Question) -> Territory:
    """Of a unit that is over: today's units that also hold what came from elsewhere, and what has no successor."""
    carried = question.carried
    heirs = [row.unit.pk for row in carried.ended if not row.unit.is_over(carried.day)]
    mixed = _mapped(carried.day).filter(heir__in=heirs).exclude(subtree(question.unit.path, "source__path"))
    ended = [row.unit for row in carried.ended if row.unit.is_over(carried.day)]
    partly = _some(Unit.objects.filter(pk__in=mixed.values("heir"))) if heirs else []
    return Territory(partly=_told(partly, carried.day), ended=_told(ended, carried.day))


def _mapped(day: date) -> QuerySet[Inherited]:
    return Inherited.objects.filter(whole=False, since__lte=day, until__gte=day)


def _some(units: QuerySet[Unit]) -> list[Unit]:
    return list(units.order_by("folded", "pk")[: MOST + 1])


def _told(units: Iterable[Unit], day: date) -> tuple[tuple[str, str], ...]:
    return tuple((one.key_on(day), one.name) for one in list(units)[: MOST + 1])
