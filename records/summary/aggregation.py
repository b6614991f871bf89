"""Reported figures as partial tallies by month and tier, and by child or field; two queries, three by field."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from django.db.models import BooleanField, Case, IntegerField, QuerySet, Sum, Value, When

from core.database import AnySubquery, PreparedQuery
from figures.measures import MEASURES
from figures.periods import Month
from figures.tally import Tally
from records.models import Edition, GroupSum, Submission
from records.storage import TALLY_COLUMNS, IntegerSum, column_sums, tally_from_values

from . import as_of, successor_tallies
from .figures_query import FiguresQuery, PartialTally


def partial_tallies(
    query: FiguresQuery, *, by_child: bool = False, by_field: bool = False
) -> list[PartialTally]:
    """All partial tallies of the query, over all fields unless `by_field` or the query names a field.

    By today's units the list holds those of the rows and those of the total (without a child, `tallies_of_total`).
    """
    by_field = by_field or query.field is not None
    if query.today is not None:
        return _tallies_of_today(query, by_child=by_child, by_field=by_field)
    if query.as_of is not None:
        rows = as_of.rows_as_of(query, by_child=by_child, by_field=by_field)
        return [_partial_tally(query, row) for row in rows]
    if query.has_stored_sums and not by_child:
        return list(_tallies_of_sums(query, [query.unit.pk], by_field))
    tallies = []
    if query.unit.has_children and query.child_groups:
        tallies += _tallies_of_sums(query, query.child_groups, by_field, together=not by_child)
    return [*tallies, *tallies_of_editions(query, by_field=by_field)]


def tallies_of_total(query: FiguresQuery, tallies: Iterable[PartialTally]) -> Iterable[PartialTally]:
    """The partial tallies of the total. The report of a split unit counts once there and once in each row."""
    return tallies if query.today is None else [part for part in tallies if part.child is None]


def _tallies_of_today(query: FiguresQuery, *, by_child: bool, by_field: bool) -> list[PartialTally]:
    tallies = list(successor_tallies.successor_tallies(query, by_child=by_child, by_field=by_field))
    if query.successor_history.total is None:
        reported = partial_tallies(query.reported, by_field=by_field)
        tallies += [part._replace(child=None) for part in reported]
    return tallies


def tallies_of_child_groups(query: FiguresQuery, groups: list[int]) -> Iterable[PartialTally]:
    """Stored sums of some groups below, added up, over all fields or the one of the query. At most one query."""
    return _tallies_of_sums(query, groups, query.field is not None, together=True) if groups else ()


# Columns before the measures, and where the blank counts begin.
_HEAD = ("month", "tier", "group_id", "field_id", "reported")
_LEADING = len(_HEAD)
_BLANKS = _LEADING + len(MEASURES)


def _sum_rows(together: bool, by_field: bool) -> QuerySet:
    """Group sums in these columns: one row for each group and kind, or added up over both."""
    rows = GroupSum.objects.order_by()
    if not together:
        return rows.values_list(*_HEAD, *TALLY_COLUMNS)
    nothing = Value(None, IntegerField())
    rows = rows.values_list("month", "tier", nothing, "field_id" if by_field else nothing)
    return rows.annotate(sum_reported=IntegerSum("reported"), **column_sums())


def _tallies_of_sums(
    query: FiguresQuery, groups: list[int], by_field: bool, *, together: bool = False
) -> Iterator[PartialTally]:
    """Stored sums of each group, or of all groups together."""
    one_field, one_tier = query.one_field, [query.tier] if query.tier else []
    run_query = _group_sums_query(together, by_field, bool(one_field), bool(one_tier), query.external)
    rows = run_query(groups, *query.run, query.include, *one_field, *one_tier)
    return (_partial_tally(query, row) for row in rows)


@cache
def _group_sums_query(
    together: bool, by_field: bool, with_field: bool, with_tier: bool, external: bool
) -> PreparedQuery:
    """Arguments: group ids, first and last month, stage, then the field and the tier if used."""

    def build(groups: list[int], first: int, last: int, stage: str, *field_and_tier: int | str) -> QuerySet:
        conditions: dict[str, object] = {"group__in": groups, "month__range": (first, last), "stage": stage}
        conditions |= {"field__isnull": not by_field} | ({} if external else {"external": False})
        names = [name for name, used in (("field", with_field), ("tier", with_tier)) if used]
        return _sum_rows(together, by_field).filter(
            **conditions, **dict(zip(names, field_and_tier, strict=True))
        )

    kinds = [list, int, int, str, *([int] if with_field else []), *([str] if with_tier else [])]
    return PreparedQuery(build, *kinds)


def _partial_tally(query: FiguresQuery, row: tuple) -> PartialTally:
    month, tier, child, field, reported = row[:_LEADING]
    # As `tally_from_values`, without copying the numbers: a country has hundreds of rows.
    tally = Tally(row[_LEADING:_BLANKS], row[_BLANKS:], reported)
    return PartialTally(query.by_number[month], tier, tally, child, field)


def tallies_of_editions(query: FiguresQuery, *, by_field: bool = False) -> Iterator[PartialTally]:
    """From the editions in force of the unit itself and its children without children. One query, two by field."""
    # By id: a condition over the join would read every unit's report of these months.
    tiers, months = query.near, query.by_number
    if not tiers:
        return
    if by_field:
        yield from _tallies_of_counts(query)
        return
    editions = query.editions.filter(submission__unit__in=list(tiers), submission__month__range=query.run)
    handover_columns = ("submission__opens", "submission__closes")
    for month, child, opens, closes, *numbers in editions.order_by().values_list(
        "submission__month", "submission__unit_id", *handover_columns, *TALLY_COLUMNS
    ):
        yield _reported(query, months[month], child, (opens, closes), tally_from_values(numbers, 1))


def _tallies_of_counts(query: FiguresQuery) -> Iterator[PartialTally]:
    """By field. The first query decides what counts; the second reads the reports of all editions, so that it has them
    whatever is approved in between.
    """
    arguments = list(query.near), *query.run
    counts = _counts_query(query.include, bool(query.one_field))(*arguments, *query.one_field)
    rows = _REPORTS(*arguments)
    reports = {pk: rest for pk, report_id, *rest in rows if report_id is None}
    report_of_edition = {pk: reports[report_id] for pk, report_id, *_ in rows if report_id is not None}
    for edition, field, answers, *numbers in counts:
        month, child, *handover = report_of_edition[edition]
        tally = tally_from_values(numbers, min(1, answers))
        yield _reported(query, query.by_number[month], child, handover, tally, field)


def _reports(units: list[int], first: int, last: int) -> QuerySet:
    return Submission.objects.order_by().filter(unit__in=units, month__range=(first, last))


def _editions(rows: QuerySet, *arguments: Any) -> QuerySet:
    return rows.order_by().filter(AnySubquery("submission", _reports(*arguments).values("pk")))


@cache
def _counts_query(stage: str, with_field: bool) -> PreparedQuery:
    """Arguments: unit ids, first and last month, and the field if used."""

    def build(units: list[int], first: int, last: int, *only: int) -> QuerySet:
        editions = _editions(Edition.objects.in_force(stage), units, first, last)
        counts = editions.dossier_counts()
        for field in only:
            counts = counts.filter(field=field)
        # A field reported by procedure counts once, when any of its rows holds a number.
        answered = Sum(Case(When(answered=True, then=Value(1)), default=Value(0)))
        return counts.values_list("edition_id", "field_id").annotate(answers=answered, **column_sums())

    return PreparedQuery(build, list, int, int, *([int] if with_field else []))


def _reports_and_editions(*arguments: Any) -> QuerySet:
    """UNION of the reports and of their editions with the id of the report."""
    blank, flag = Value(None, IntegerField()), Value(None, BooleanField())
    reports = _reports(*arguments).values_list("pk", blank, "month", "unit_id", "opens", "closes")
    editions = _editions(Edition.objects, *arguments)
    return reports.union(editions.values_list("pk", "submission_id", blank, blank, flag, flag), all=True)


_REPORTS = PreparedQuery(_reports_and_editions, list, int, int)


def _reported(
    query: FiguresQuery,
    month: Month,
    child: int,
    handover: Sequence[bool],
    tally: Tally,
    field: int | None = None,
) -> PartialTally:
    """`handover`: whether the report's opening and closing stock count where several units are added up."""
    if query.added_up:
        opens, closes = handover
        tally = tally.counting(opens=opens, closes=closes)
    return PartialTally(month, query.near[child], tally, child, field)
