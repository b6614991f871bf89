"""Reported figures in parts: by month and tier, and by child or field where asked. Two queries at most.

A group answers from its own stored sums, so the cost follows what is shown and not what the database holds. The
country keeps none and is summed from those of its children; rows by child come from the children's sums. Units
without children, and a group's own report, are read from their editions.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from django.db.models import Case, IntegerField, QuerySet, Sum, Value, When

from figures.counts import Tally
from figures.measures import MEASURES, SUMS
from records.models import DossierCount, GroupSum
from units.compiled import Compiled

from . import as_of, carried_parts
from .question import Part, Question
from .rows import BLANKS, COLUMNS, Total, tally_in, totals


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
    return [*found, *_of_editions(question, by_field, by_child, only)]


def received(question: Question) -> list[Part]:
    """What each unit directly below received over the whole period, for shares by channel: what is kept is added up by
    the database, and stands in the period's first month without tier and other measures. Two queries at most.
    """
    if question.today is not None or question.as_of is not None:
        return parts(question, by_child=True)
    found = []
    if question.unit.has_children and question.child_groups:
        asked = _received_ready(bool(question.tier), question.external)
        given = [question.tier] if question.tier else []
        for child, reported, *numbers in asked(
            question.child_groups, *question.run, question.include, *given
        ):
            found.append(Part(question.months[0], "", tally_in(numbers, reported), child))
    return [*found, *_of_editions(question, False, True, None)]


def of_total(question: Question, found: Iterable[Part]) -> Iterable[Part]:
    """The parts that make up the total. A report that was split counts once in it and once in each row."""
    return found if question.today is None else [part for part in found if part.child is None]


def _of_today(question: Question, *, by_child: bool, by_field: bool, only: int | None) -> list[Part]:
    found = list(carried_parts.parts(question, by_child=by_child, by_field=by_field, only=only))
    if question.carried.total is None:
        reported = parts(question.reported, by_field=by_field, only=only)
        found += [part._replace(child=None) for part in reported]
    return found


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


@cache
def _received_ready(one_tier: bool, external: bool) -> Compiled:
    """The question of what groups received: their numbers, first and last month, stage, and the tier if asked."""
    kept = {*SUMS["received"], BLANKS["received"]}
    nothing = {name: Value(0 if name in BLANKS.values() else None, IntegerField()) for name in COLUMNS}
    sums = {f"sum_{name}": Total(name) if name in kept else nothing[name] for name in COLUMNS}

    def build(groups: list[int], first: int, last: int, stage: str, *tier: str) -> QuerySet:
        which: dict[str, object] = {"group__in": groups, "month__range": (first, last), "stage": stage}
        which |= {"field__isnull": True} | ({} if external else {"external": False})
        rows = GroupSum.objects.order_by().filter(**which, **dict(zip(["tier"], tier, strict=False)))
        return rows.values_list("group_id").annotate(sum_reported=Total("reported"), **sums)

    return Compiled(build, list, int, int, str, *([str] if one_tier else []))


def _part(question: Question, row: tuple) -> Part:
    month, tier, child, field, reported = row[:_LEADING]
    # As `tally_in`, without another copy of the numbers: a country has hundreds of rows.
    tally = Tally(row[_LEADING:_BLANKS], row[_BLANKS:], reported)
    return Part(question.by_number[month], tier, tally, child, field)


def _of_editions(question: Question, by_field: bool, by_child: bool, only: int | None) -> Iterator[Part]:
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
        for month, child, *numbers in editions.order_by().values_list(*paths, *COLUMNS):
            yield Part(months[month], tiers[child], tally_in(numbers, 1), child)
        return
    # A field reported by procedure counts once, when any of its rows holds a number.
    answered = Sum(Case(When(answered=True, then=Value(1)), default=Value(0)))
    counts = DossierCount.objects.filter(edition__in=editions.order_by()).order_by()
    if only is not None:
        counts = counts.filter(field=only)
    rows = counts.values_list(*(f"edition__{path}" for path in paths), "field_id")
    for month, child, field, answers, *numbers in rows.annotate(answers=answered, **totals()):
        yield Part(months[month], tiers[child], tally_in(numbers, min(1, answers)), child, field)
