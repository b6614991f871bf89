"""Reported figures in parts: by month and tier, and by child or field where asked. Two queries at most.

A group answers from its own stored sums, so the cost follows what is shown and not what the database holds. The
country keeps none and is summed from those of its children; rows by child come from the children's sums. Units
without children, and a group's own report, are read from their editions.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Case, QuerySet, Sum, Value, When

from figures.counts import Tally
from figures.periods import Month
from records.models import DossierCount, GroupSum
from units.models import Tier

from . import as_of
from .question import Question
from .rows import COLUMNS, tally_in, totals


@dataclass(frozen=True)
class Part:
    """Figures of one month and tier; `child` is the number of a unit directly below (or of the unit itself)."""

    month: Month
    tier: str
    tally: Tally
    child: int | None = None
    field: int | None = None


def parts(
    question: Question, *, by_child: bool = False, by_field: bool = False, only: int | None = None
) -> list[Part]:
    """All parts of what is asked. Without `by_field` the fields are taken together; `only` is one field's number."""
    by_field = by_field or only is not None
    if question.as_of is not None:
        return [_part(*row) for row in as_of.rows(question, by_child=by_child, by_field=by_field, only=only)]
    if question.unit.has_children and not by_child and question.unit.tier != Tier.COUNTRY:
        own = GroupSum.objects.filter(group=question.unit)
        return list(_of_sums(question, _of_field(own, only), by_field))
    found = []
    if question.unit.has_children and question.child_groups:
        below = GroupSum.objects.filter(group__in=question.child_groups)
        found += _of_sums(question, _of_field(below, only), by_field, by_child)
    return [*found, *_of_editions(question, by_field, by_child, only)]


def _of_field(rows: QuerySet, only: int | None) -> QuerySet:
    return rows if only is None else rows.filter(field=only)


def _of_sums(question: Question, sums: QuerySet, by_field: bool, by_child: bool = False) -> Iterator[Part]:
    sums = sums.filter(month__in=question.numbers, stage=question.include, field__isnull=not by_field)
    if not question.external:
        sums = sums.filter(external=False)
    if question.tier:
        sums = sums.filter(tier=question.tier)
    if by_child or question.unit.tier != Tier.COUNTRY:
        # Only external and internal bodies of one tier stand apart here, and parts are added up anyhow.
        rows = sums.order_by().values_list("month", "tier", "group_id", "field_id", "reported", *COLUMNS)
    else:
        rows = sums.order_by().values_list("month", "tier", "field_id").annotate(Sum("reported"), **totals())
        rows = ((month, tier, None, *rest) for month, tier, *rest in rows)
    for month, tier, group, field, reported, *numbers in rows:
        yield _part(month, tier, group if by_child else None, field, reported, *numbers)


def _of_editions(question: Question, by_field: bool, by_child: bool, only: int | None) -> Iterator[Part]:
    """From the editions in force of the unit itself and of its children without children."""
    # By their numbers: a condition over the join would read every unit's report of these months.
    tiers = question.near
    editions = question.editions.filter(
        submission__unit__in=list(tiers), submission__month__in=question.numbers
    )
    paths = ("submission__month", "submission__unit_id")
    if not by_field:
        for month, child, *numbers in editions.order_by().values_list(*paths, *COLUMNS):
            yield _part(month, tiers[child], child, None, 1, *numbers)
        return
    # A field reported by procedure counts once, when any of its rows holds a number.
    answered = Sum(Case(When(answered=True, then=Value(1)), default=Value(0)))
    counts = _of_field(DossierCount.objects.filter(edition__in=editions.order_by()), only).order_by()
    rows = counts.values_list(*(f"edition__{path}" for path in paths), "field_id")
    for month, child, field, answers, *numbers in rows.annotate(answers=answered, **totals()):
        yield _part(month, tiers[child], child, field, min(1, answers), *numbers)


def _part(
    month: int, tier: str, child: int | None, field: int | None, reported: int, *numbers: int | None
) -> Part:
    return Part(Month.from_number(month), tier, tally_in(numbers, reported), child, field)
