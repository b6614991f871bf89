"""Reported figures as partial tallies by month and tier, and by child or field; two queries, three by field."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from django.db.models import BooleanField, Case, IntegerField, QuerySet, Sum, Value, When

from core.database import AnySubquery, PreparedQuery
from figures.measures import MEASURES
from figures.periods import Month
from figures.tally import Tally
from records.models import DossierCount, Edition, GroupSum, Submission
from records.storage import TALLY_COLUMNS, IntegerSum, column_sums, tally_from_values

from . import as_of, successor_tallies
from .figures_query import FiguresQuery, PartialTally


def partial_tallies(
    query: FiguresQuery, *, by_child: bool = False, by_field: bool = False
) -> list[PartialTally]:
    """All parts of what is asked. Without `by_field` and a field in the question the fields are taken together.

    By today's units, parts of rows stand beside those of the total, which have no child (`tallies_of_total`).
    """
    by_field = by_field or query.field is not None
    if query.today is not None:
        return _tallies_of_today(query, by_child=by_child, by_field=by_field)
    if query.as_of is not None:
        rows = as_of.rows_as_of(query, by_child=by_child, by_field=by_field)
        return [_partial_tally(query, row) for row in rows]
    if query.kept and not by_child:
        return list(_tallies_of_sums(query, [query.unit.pk], by_field))
    found = []
    if query.unit.has_children and query.child_groups:
        found += _tallies_of_sums(query, query.child_groups, by_field, together=not by_child)
    return [*found, *tallies_of_editions(query, by_field=by_field)]


def tallies_of_total(query: FiguresQuery, found: Iterable[PartialTally]) -> Iterable[PartialTally]:
    """The parts that make up the total. A report that was split counts once in it and once in each row."""
    return found if query.today is None else [part for part in found if part.child is None]


def _tallies_of_today(query: FiguresQuery, *, by_child: bool, by_field: bool) -> list[PartialTally]:
    found = list(successor_tallies.successor_tallies(query, by_child=by_child, by_field=by_field))
    if query.carried.total is None:
        reported = partial_tallies(query.reported, by_field=by_field)
        found += [part._replace(child=None) for part in reported]
    return found


def tallies_of_child_groups(query: FiguresQuery, groups: list[int]) -> Iterable[PartialTally]:
    """The parts of some groups below, added up over them, of all fields or one; by reported units and as they count
    now. One query; none without groups.
    """
    return _tallies_of_sums(query, groups, query.field is not None, together=True) if groups else ()


# Columns before the measured ones, and where those of blanks begin.
_HEAD = ("month", "tier", "group_id", "field_id", "reported")
_LEADING = len(_HEAD)
_BLANKS = _LEADING + len(MEASURES)


def _sum_rows(together: bool, by_field: bool) -> QuerySet:
    """Group sums in these columns; external and internal bodies of one tier stand apart, and parts are added up."""
    rows = GroupSum.objects.order_by()
    if not together:
        return rows.values_list(*_HEAD, *TALLY_COLUMNS)
    nothing = Value(None, IntegerField())
    rows = rows.values_list("month", "tier", nothing, "field_id" if by_field else nothing)
    return rows.annotate(sum_reported=IntegerSum("reported"), **column_sums())


def _tallies_of_sums(
    query: FiguresQuery, groups: list[int], by_field: bool, *, together: bool = False
) -> Iterator[PartialTally]:
    """Group sums one by one, or over all groups together."""
    one_field, one_tier = query.one_field, [query.tier] if query.tier else []
    asked = _kept_ready(together, by_field, bool(one_field), bool(one_tier), query.external)
    rows = asked(groups, *query.run, query.include, *one_field, *one_tier)
    return (_partial_tally(query, row) for row in rows)


@cache
def _kept_ready(
    together: bool, by_field: bool, one_field: bool, one_tier: bool, external: bool
) -> PreparedQuery:
    """The question of group sums: numbers of groups, first and last month, stage, and the field and tier if asked."""

    def build(groups: list[int], first: int, last: int, stage: str, *given: int | str) -> QuerySet:
        which: dict[str, object] = {"group__in": groups, "month__range": (first, last), "stage": stage}
        which |= {"field__isnull": not by_field} | ({} if external else {"external": False})
        names = [name for name, wanted in (("field", one_field), ("tier", one_tier)) if wanted]
        return _sum_rows(together, by_field).filter(**which, **dict(zip(names, given, strict=True)))

    kinds = [list, int, int, str, *([int] if one_field else []), *([str] if one_tier else [])]
    return PreparedQuery(build, *kinds)


def _partial_tally(query: FiguresQuery, row: tuple) -> PartialTally:
    month, tier, child, field, reported = row[:_LEADING]
    # As `tally_in`, without another copy of the numbers: a country has hundreds of rows.
    tally = Tally(row[_LEADING:_BLANKS], row[_BLANKS:], reported)
    return PartialTally(query.by_number[month], tier, tally, child, field)


def tallies_of_editions(query: FiguresQuery, *, by_field: bool = False) -> Iterator[PartialTally]:
    """From the editions in force of the unit itself and of its children without children. One query, by field two;
    none where nobody reports.
    """
    # By their numbers: a condition over the join would read every unit's report of these months.
    tiers, months = query.near, query.by_number
    if not tiers:
        return
    if by_field:
        yield from _tallies_of_counts(query)
        return
    editions = query.editions.filter(submission__unit__in=list(tiers), submission__month__range=query.run)
    handed = ("submission__opens", "submission__closes")
    for month, child, opens, closes, *numbers in editions.order_by().values_list(
        "submission__month", "submission__unit_id", *handed, *TALLY_COLUMNS
    ):
        yield _reported(query, months[month], child, (opens, closes), tally_from_values(numbers, 1))


def _tallies_of_counts(query: FiguresQuery) -> Iterator[PartialTally]:
    """By field: what the editions in force hold, and which reports they are of, each from its own table. What counts is
    told by the first query alone: the second finds all of it, whatever is approved meanwhile.
    """
    which = list(query.near), *query.run
    counts = _counts_ready(query.include, bool(query.one_field))(*which, *query.one_field)
    rows = _REPORTS(*which)
    reports = {pk: rest for pk, of, *rest in rows if of is None}
    told = {pk: reports[of] for pk, of, *_ in rows if of is not None}
    for edition, field, answers, *numbers in counts:
        month, child, *handed = told[edition]
        tally = tally_from_values(numbers, min(1, answers))
        yield _reported(query, query.by_number[month], child, handed, tally, field)


def _reports(units: list[int], first: int, last: int) -> QuerySet:
    return Submission.objects.order_by().filter(unit__in=units, month__range=(first, last))


def _editions(rows: QuerySet, *which: Any) -> QuerySet:
    return rows.order_by().filter(AnySubquery("submission", _reports(*which).values("pk")))


@cache
def _counts_ready(stage: str, one_field: bool) -> PreparedQuery:
    """The question of what editions in force hold by field: numbers of units, first and last month, and the field."""

    def build(units: list[int], first: int, last: int, *only: int) -> QuerySet:
        editions = _editions(Edition.objects.in_force(stage), units, first, last)
        counts = DossierCount.objects.order_by().filter(AnySubquery("edition", editions.values("pk")))
        for field in only:
            counts = counts.filter(field=field)
        # A field reported by procedure counts once, when any of its rows holds a number.
        answered = Sum(Case(When(answered=True, then=Value(1)), default=Value(0)))
        return counts.values_list("edition_id", "field_id").annotate(answers=answered, **column_sums())

    return PreparedQuery(build, list, int, int, *([int] if one_field else []))


def _reports_and_editions(*which: Any) -> QuerySet:
    """The reports, and their editions with the number of the report, one below the other."""
    blank, flag = Value(None, IntegerField()), Value(None, BooleanField())
    reports = _reports(*which).values_list("pk", blank, "month", "unit_id", "opens", "closes")
    editions = _editions(Edition.objects, *which)
    return reports.union(editions.values_list("pk", "submission_id", blank, blank, flag, flag), all=True)


_REPORTS = PreparedQuery(_reports_and_editions, list, int, int)


def _reported(
    query: FiguresQuery,
    month: Month,
    child: int,
    handed: Sequence[bool],
    tally: Tally,
    field: int | None = None,
) -> PartialTally:
    """One report as it counts; `handed`: whether what it opens and closes with does where several are added up."""
    if query.added_up:
        opens, closes = handed
        tally = tally.counting(opens=opens, closes=closes)
    return PartialTally(month, query.near[child], tally, child, field)
