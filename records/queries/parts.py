"""Reported figures in parts: by month and tier, and by child or field where asked. Two queries at most.

A group answers from its own stored sums, so the cost follows what is shown and not what the database holds. The
country keeps none and is summed from those of its children; rows by child come from the children's sums. Units
without children, and a group's own report, are read from their editions.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from django.db.models import Case, IntegerField, QuerySet, Sum, Value, When

from figures.counts import Tally
from figures.measures import MEASURES
from records.models import DossierCount, GroupSum
from units.compiled import Compiled

from . import as_of, carried_parts
from .question import Part, Question
from .rows import COLUMNS, Total, tally_in, totals


def parts(
    question: Question, *, by_child: bool = False, by_field: bool = False, only: int | None = None
) -> list[Part]:
    """All parts of what is asked. Without `by_field` the fields are taken together; `only` is one field's number.

    By today's units, parts of rows stand beside those of the total, which have no child (`of_total`).
    """
    by_field = by_field or only is not None
    if question.today is not None:
        return _of_today(question, by_child=by_child, by_field=by_field, only=only)
    if question.as_of is not None:
        rows = as_of.rows(question, by_child=by_child, by_field=by_field, only=only)
        return [_part(question, row) for row in rows]
    if question.kept and not by_child:
        return list(_of_sums(question, [question.unit.pk], by_field, only))
    found = []
    if question.unit.has_children and question.child_groups:
        found += _of_sums(question, question.child_groups, by_field, only, together=not by_child)
    return [*found, *of_editions(question, by_field=by_field, only=only)]


def of_total(question: Question, found: Iterable[Part]) -> Iterable[Part]:
    """The parts that make up the total. A report that was split counts once in it and once in each row."""
    return found if question.today is None else [part for part in found if part.child is None]


def _of_today(question: Question, *, by_child: bool, by_field: bool, only: int | None) -> list[Part]:
    found = list(carried_parts.parts(question, by_child=by_child, by_field=by_field, only=only))
    if question.carried.total is None:
        reported = parts(question.reported, by_field=by_field, only=only)
        found += [part._replace(child=None) for part in reported]
    return found


def of_child_groups(question: Question, groups: list[int], only: int | None = None) -> Iterable[Part]:
    """The parts of some groups below, added up over them, of all fields or one; by reported units and as they count
    now. One query; none without groups.
    """
    return _of_sums(question, groups, only is not None, only, together=True) if groups else ()


# Columns before the measured ones.
_LEADING = 5
_BLANKS = _LEADING + len(MEASURES)


def _sums(together: bool, by_field: bool) -> QuerySet:
    """Group sums in these columns; external and internal bodies of one tier stand apart, and parts are added up."""
    rows = GroupSum.objects.order_by()
    if not together:
        return rows.values_list("month", "tier", "group_id", "field_id", "reported", *COLUMNS)
    nothing = Value(None, IntegerField())
    rows = rows.values_list("month", "tier", nothing, "field_id" if by_field else nothing)
    return rows.annotate(sum_reported=Total("reported"), **totals())


def _of_sums(
    question: Question, groups: list[int], by_field: bool, only: int | None, *, together: bool = False
) -> Iterator[Part]:
    """Group sums one by one, or over all groups together."""
    asked = _kept_ready(together, by_field, only is not None, bool(question.tier), question.external)
    given = [one for one in (only, question.tier) if one]
    rows = asked(groups, *question.run, question.include, *given)
    return (_part(question, row) for row in rows)


@cache
def _kept_ready(together: bool, by_field: bool, one_field: bool, one_tier: bool, external: bool) -> Compiled:
    """The question of group sums: numbers of groups, first and last month, stage, and the field and tier if asked."""

    def build(groups: list[int], first: int, last: int, stage: str, *given: int | str) -> QuerySet:
        which: dict[str, object] = {"group__in": groups, "month__range": (first, last), "stage": stage}
        which |= {"field__isnull": not by_field} | ({} if external else {"external": False})
        names = [name for name, wanted in (("field", one_field), ("tier", one_tier)) if wanted]
        return _sums(together, by_field).filter(**which, **dict(zip(names, given, strict=True)))

    kinds = [list, int, int, str, *([int] if one_field else []), *([str] if one_tier else [])]
    return Compiled(build, *kinds)


def _part(question: Question, row: tuple) -> Part:
    month, tier, child, field, reported = row[:_LEADING]
    # As `tally_in`, without another copy of the numbers: a country has hundreds of rows.
    tally = Tally(row[_LEADING:_BLANKS], row[_BLANKS:], reported)
    return Part(question.by_number[month], tier, tally, child, field)


def of_editions(question: Question, *, by_field: bool = False, only: int | None = None) -> Iterator[Part]:
    """From the editions in force of the unit itself and of its children without children."""
    # By their numbers: a condition over the join would read every unit's report of these months.
    tiers, months = question.near, question.by_number
    if not tiers:
        return
    editions = question.editions.filter(
        submission__unit__in=list(tiers), submission__month__range=question.run
    )
    paths = ("submission__month", "submission__unit_id")
    if not by_field:
        handed = ("submission__opens", "submission__closes")
        for month, child, opens, closes, *numbers in editions.order_by().values_list(
            *paths, *handed, *COLUMNS
        ):
            tally = tally_in(numbers, 1)
            if question.added_up:
                tally = tally.counting(opens=opens, closes=closes)
            yield Part(months[month], tiers[child], tally, child)
        return
    # A field reported by procedure counts once, when any of its rows holds a number.
    answered = Sum(Case(When(answered=True, then=Value(1)), default=Value(0)))
    counts = DossierCount.objects.filter(edition__in=editions.order_by()).order_by()
    if only is not None:
        counts = counts.filter(field=only)
    sums = totals("edition__submission__" if question.added_up else None)
    rows = counts.values_list(*(f"edition__{path}" for path in paths), "field_id")
    for month, child, field, answers, *numbers in rows.annotate(answers=answered, **sums):
        yield Part(months[month], tiers[child], tally_in(numbers, min(1, answers)), child, field)
