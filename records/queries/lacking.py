"""Units that lack a report, looked for one by one: where it was not noted (records.queries.noted)."""

from collections.abc import Sequence
from functools import reduce
from operator import add

from django.db.models import Case, Func, IntegerField, OuterRef, Q, Subquery, Value, When

from figures.periods import Period
from units.light import LightUnit
from units.models import UnitQuerySet, owing

from .noted import Lack, Wanted
from .question import Question


def lacking(units: UnitQuerySet, question: Question, wanted: Sequence[Wanted]) -> list[Lack]:
    """Two queries: the units that lack a report, and what there is of them."""
    rows = _lacking_any(units, question, wanted).order_by().with_until().values_list(*LightUnit._fields)
    found = [LightUnit._make(row) for row in rows]
    there = _in_force(question, [unit.pk for unit in found], wanted)
    return [
        (unit, month)
        for unit in found
        for month, start, end in wanted
        if unit.owes(start, end) and (unit.pk, month.number) not in there
    ]


def _lacking_any(units: UnitQuerySet, question: Question, wanted: Sequence[Wanted]) -> UnitQuerySet:
    """Those with fewer reports than they owe: of a hundred in a branch the few that may be silent. Where units merge
    within the period thousands owe but some of its months.
    """
    reports = question.editions.filter(_within(wanted), submission__unit=OuterRef("pk"))
    # Not Count, which would group: without a report there is to be a 0.
    found = reports.order_by().values(found=Func("pk", function="COUNT", output_field=IntegerField()))
    (_, _, first_end), (_, last_start, _) = wanted[0], wanted[-1]
    each = [Case(When(owing(start, end), then=Value(1)), default=Value(0)) for _, start, end in wanted]
    # Nearly all owe every month: of those no month is looked at.
    every = When(owing(first_end, first_end) & owing(last_start, last_start), then=Value(len(wanted)))
    owed = Case(every, default=reduce(add, each), output_field=IntegerField())
    return units.alias(there=Subquery(found)).filter(there__lt=owed)


def _within(wanted: Sequence[Wanted]) -> Q:
    """Condition on editions: of these months. As a range they cost one descent of an index; one by one, one each."""
    first, last = wanted[0][0], wanted[-1][0]
    if len(Period.of(first, last).months) == len(wanted):
        return Q(submission__month__range=(first.number, last.number))
    return Q(submission__month__in=[month.number for month, _, _ in wanted])


def _in_force(question: Question, units: list[int], wanted: Sequence[Wanted]) -> set[tuple[int, int]]:
    """(unit number, month) of what is there."""
    editions = question.editions.filter(_within(wanted), submission__unit__in=units)
    return set(editions.order_by().values_list("submission__unit_id", "submission__month"))
