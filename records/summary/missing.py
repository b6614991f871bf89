"""Which expected reports are missing: by what units sent, from the stored list of missing reports, or unit by unit."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, reduce
from operator import add
from typing import NamedTuple

from django.db.models import Case, Exists, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.aggregates import Count, Sum
from django.db.models.functions import Coalesce

from core.database import PreparedQuery, path_between, path_bounds
from figures.completeness import MissingMonth
from figures.periods import Calendar, Month, Period
from records.models import Edition, GroupSum, MissingReport
from units.models import Tier, Unit, UnitKind, UnitQuerySet, expected_within, subtree
from units.succession.stored_lineage import HistorySource
from units.tree.queries import UnitRow

from .figures_query import FiguresQuery, PartialTally

# A month with its first and last day.
MonthSpan = tuple[Month, date, date]
MissingPair = tuple[UnitRow, Month]
_COLUMNS = [f"unit__{name}" for name in UnitRow._fields if name != "until"]


def without_report(month: Month) -> Q:
    """Units that have neither sent nor approved the month."""
    editions = Edition.objects.sent_or_approved()
    return ~Exists(editions.filter(submission__unit=OuterRef("pk"), submission__month=month.number))


def count_sent(units: QuerySet[Unit], month: Month, days: Calendar) -> tuple[int, int]:
    """(units with sent or approved figures, units expected to report). One query."""
    span = days.span(month)
    expected = units.expected_within(span.start, span.end).exclude(kind=UnitKind.EXTERNAL)
    counts = expected.aggregate(expected=Count("pk"), missing=Count("pk", filter=without_report(month)))
    return counts["expected"] - counts["missing"], counts["expected"]


def units_missing(units: QuerySet[Unit], months: Iterable[Month], days: Calendar) -> QuerySet[Unit]:
    """Units that must report one of the months and have neither sent nor approved it; no external bodies."""
    missing = Q(pk__in=[])
    for month in months:
        span = days.span(month)
        missing |= expected_within(span.start, span.end) & without_report(month)
    return units.exclude(kind=UnitKind.EXTERNAL).filter(missing)


def stored_missing(query: FiguresQuery, months: Sequence[MonthSpan]) -> Iterator[MissingPair]:
    """Missing reports of these months from the stored list. One query; by today's units also some outside the total."""
    spans = {month.number: (month, start, end) for month, start, end in months}
    of_others = query.today is not None
    for number, *columns in _stored_rows(query, months[0][0], months[-1][0]):
        if number in spans:
            unit, (month, start, end) = UnitRow._make(columns), spans[number]
            if unit.expected_to_report(start, end) and (of_others or _is_part_of_total(query, unit)):
                yield unit, month


def _stored_rows(query: FiguresQuery, first: Month, last: Month) -> list[tuple]:
    arguments = query.include, first.number, last.number
    if query.unit.tier == Tier.COUNTRY:
        # Without the join, which would look up each unit.
        return _all_stored(*arguments)
    paths, single = [query.unit.path], []
    if query.today is not None:
        # Of any tier: few are stored, and `_in_total` filters them.
        sources, source_units = query.successor_history.total.sources, query.successor_history.sources
        paths = sorted({source_units[source.unit].path for source in sources if source.sums})
        single = sorted({source.unit for source in sources if not source.sums})
    if not paths and not single:
        return []
    borders = [border for path in paths for border in path_bounds(path)]
    return _stored_under_paths(len(borders))(*arguments, single, *borders)


@cache
def _stored_under_paths(borders: int) -> PreparedQuery:
    """Arguments: stage, first and last month, ids of single units, then so many bounds of the paths of subtrees."""

    def build(stage: str, first: int, last: int, single: list[int], *paths: str) -> QuerySet:
        units = Q(unit__in=single)
        for at in range(0, borders, 2):
            units |= path_between(paths[at], paths[at + 1], "unit__path")
        return _rows(MissingReport.objects.filter(units, stage=stage, month__range=(first, last)))

    return PreparedQuery(build, str, int, int, list, *([str] * borders))


def _rows(gaps: QuerySet[MissingReport]) -> QuerySet:
    until = Coalesce("unit__reports_until", "unit__active_until")
    return gaps.order_by().values_list("month", *_COLUMNS, until)


_all_stored = PreparedQuery(
    lambda stage, first, last: _rows(MissingReport.objects.filter(stage=stage, month__range=(first, last))),
    str,
    int,
    int,
)


def _is_part_of_total(query: FiguresQuery, unit: UnitRow) -> bool:
    here = unit.path.startswith(query.unit.path) and query.tier in (None, unit.tier)
    return here and (query.external or not unit.external)


def search_missing(
    units: UnitQuerySet, query: FiguresQuery, months: Sequence[MonthSpan]
) -> list[MissingPair]:
    """Missing reports of these units, month by month. Two queries."""
    rows = _units_with_missing(units, query, months).order_by().with_until().values_list(*UnitRow._fields)
    candidates = [UnitRow._make(row) for row in rows]
    reported = _reported_pairs(query, [unit.pk for unit in candidates], months)
    return [
        (unit, month)
        for unit in candidates
        for month, start, end in months
        if unit.expected_to_report(start, end) and (unit.pk, month.number) not in reported
    ]


def _units_with_missing(
    units: UnitQuerySet, query: FiguresQuery, months: Sequence[MonthSpan]
) -> UnitQuerySet:
    """Units with fewer reports than expected; where units merge within the period, thousands are expected to report
    only some of its months.
    """
    reports = query.editions.filter(_in_months(months), submission__unit=OuterRef("pk"))
    # Not Count, which would group: without a report the subquery must return 0.
    count = reports.order_by().values(count=Func("pk", function="COUNT", output_field=IntegerField()))
    (_, _, first_end), (_, last_start, _) = months[0], months[-1]
    each = [
        Case(When(expected_within(start, end), then=Value(1)), default=Value(0)) for _, start, end in months
    ]
    # Nearly all are expected in every month: their months are not looked at one by one.
    every = When(
        expected_within(first_end, first_end) & expected_within(last_start, last_start),
        then=Value(len(months)),
    )
    expected = Case(every, default=reduce(add, each), output_field=IntegerField())
    return units.alias(reported=Subquery(count)).filter(reported__lt=expected)


def _in_months(months: Sequence[MonthSpan]) -> Q:
    """Condition on editions: of these months. A range costs one index descent, a list one for each month."""
    first, last = months[0][0], months[-1][0]
    if len(Period.of(first, last).months) == len(months):
        return Q(submission__month__range=(first.number, last.number))
    return Q(submission__month__in=[month.number for month, _, _ in months])


def _reported_pairs(
    query: FiguresQuery, units: list[int], months: Sequence[MonthSpan]
) -> set[tuple[int, int]]:
    """(unit id, month) of the reports that exist."""
    editions = query.editions.filter(_in_months(months), submission__unit__in=units)
    return set(editions.order_by().values_list("submission__unit_id", "submission__month"))


# How many reported, by (id of a child, month, tier).
ReportedCounts = Mapping[tuple[int | None, Month, str], int]


class MissingUnitMonth(NamedTuple):
    """A unit-month without figures in force; `unit` is the id, `tier` the unit's own.

    `counted`: the tier under which it would count in the total; None if it only belongs to rows. `places`: by today's
    units, the ids of the units whose rows it belongs to.
    """

    unit: int
    path: str
    tier: str
    missing: MissingMonth
    counted: str | None
    places: tuple[int, ...] | None = None

    def rows(self, above: Unit) -> Sequence[int]:
        """Ids of the units whose rows it belongs to; `above` is the unit of the query."""
        return (child_on_path(self.path, above),) if self.places is None else self.places


def child_on_path(path: str, above: Unit) -> int:
    """The id of the unit directly below `above` on this path; of `above` itself for its own path."""
    below = path[len(above.path) :].partition("/")[0]
    return int(below) if below else above.pk


def missing_unit_months(
    query: FiguresQuery,
    months: Iterable[Month] | None = None,
    by_child: Iterable[PartialTally] | None = None,
    number: int | None = None,
) -> list[MissingUnitMonth]:
    """Unit-months expected and not reported at the query's stage, by month and name.

    `months` narrows the period; `by_child`: partial tallies by child of all fields, if already read; `number`: how many
    are missing by the sums, which shows whether the stored list is complete. No query without months, one if the
    list is complete, else at most six.
    """
    selected = set(query.months if months is None else months)
    spans = zip(query.months, query.spans, strict=True)
    month_spans = [(month, *span) for month, span in spans if month in selected]
    if not month_spans:
        return []
    base = query
    if query.today is not None and query.successor_history.total is None:
        base, by_child = query.reported, None
    missing = [] if base.as_of is not None else _in_total(query, stored_missing(base, month_spans))
    if number is None or number != len(missing):
        stored = {(unit.pk, unit_month.missing.month) for unit, unit_month in missing}
        searched = search_missing(_units_to_search(base, month_spans, by_child, missing), base, month_spans)
        missing += _in_total(query, (lack for lack in searched if (lack[0].pk, lack[1]) not in stored))
    missing.sort(key=lambda pair: (pair[1].missing.month.number, pair[0].folded, pair[0].pk))
    return [unit_month for _, unit_month in missing]


_UnitAndMissing = tuple[UnitRow, MissingUnitMonth]


def _in_total(query: FiguresQuery, lacks: Iterable[MissingPair]) -> list[_UnitAndMissing]:
    """The missing reports that are part of the total."""
    pairs = ((unit, missing_unit_month(query, unit, month)) for unit, month in lacks)
    return [pair for pair in pairs if pair[1].counted is not None]


def _units_to_search(
    query: FiguresQuery,
    months: Sequence[MonthSpan],
    by_child: Iterable[PartialTally] | None,
    stored: Sequence[_UnitAndMissing],
) -> UnitQuerySet:
    """The units to search for missing reports that are not in the stored list."""
    if query.today is None:
        return _reported_units_to_search(query, months, by_child, stored)
    return _current_units_to_search(query, months, stored)


def _reported_units_to_search(
    query: FiguresQuery,
    months: Sequence[MonthSpan],
    by_child: Iterable[PartialTally] | None,
    stored: Sequence[_UnitAndMissing],
) -> UnitQuerySet:
    counts: ReportedCounts = Counter(
        (child_on_path(unit_month.path, query.unit), unit_month.missing.month, unit_month.tier)
        for _, unit_month in stored
    )
    branches = _incomplete_branches(query, {month for month, _, _ in months}, by_child, counts)
    units = Unit.objects.expected_within(months[0][1], months[-1][2]).filter(branches)
    if not query.external:
        units = units.exclude(kind=UnitKind.EXTERNAL)
    return units.filter(tier=query.tier) if query.tier else units


def _current_units_to_search(
    query: FiguresQuery, months: Sequence[MonthSpan], stored: Sequence[_UnitAndMissing]
) -> UnitQuerySet:
    """The same among the sources of today's units."""
    sources = _incomplete_sources(query, months, stored)
    expected = Unit.objects.expected_within(months[0][1], months[-1][2])
    return expected.filter(query.successor_history.within("", sources))


def _incomplete_sources(
    query: FiguresQuery, months: Sequence[MonthSpan], stored: Sequence[_UnitAndMissing]
) -> list[HistorySource]:
    """Sources that are single units, and groups with more missing reports in these months than are stored."""
    history = query.successor_history
    groups = [source for source in history.total.sources if source.sums]
    if not groups:
        return list(history.total.sources)
    sums = GroupSum.objects.filter(
        group__in=[group.unit for group in groups],
        month__in=[month.number for month, _, _ in months],
        stage=query.include,
        field=None,
    )
    rows = sums.order_by().values_list("group_id", "tier", "external", "month", "reported")
    counts = Counter({tuple(key): number for *key, number in rows})
    counts.update(
        (above, unit.tier, unit.external, unit_month.missing.month.number)
        for unit, unit_month in stored
        for above in map(int, unit.path.strip("/").split("/"))
    )
    spans = [(start, end) for _, start, end in months]
    incomplete = [source for source in history.total.sources if not source.sums]
    for group in groups:
        expected = history.expected(history.total._replace(sources=[group]), spans)
        if any(
            sum(tiers.values()) != counts[group.unit, group.tier, group.external, month.number]
            for (month, _, _), tiers in zip(months, expected, strict=True)
        ):
            incomplete.append(group)
    return incomplete


def missing_unit_month(query: FiguresQuery, unit: Unit | UnitRow, month: Month) -> MissingUnitMonth:
    """A month of a unit within the total as a missing one."""
    missing = MissingMonth(unit.key_on(query.named_on), month, unit.name)
    if query.today is None:
        return MissingUnitMonth(unit.pk, unit.path, unit.tier, missing, unit.tier)
    places = query.places(unit)
    if query.tier:
        places = {place: tier for place, tier in places.items() if tier == query.tier}
    counted = places.pop(None, None)
    return MissingUnitMonth(unit.pk, unit.path, unit.tier, missing, counted, tuple(places))


def _incomplete_branches(
    query: FiguresQuery, months: set[Month], by_child: Iterable[PartialTally] | None, stored: ReportedCounts
) -> Q:
    """The unit itself, its children without children, and child groups with more missing reports than are stored; as of
    an earlier day, which has no sums, the whole subtree.
    """
    if query.as_of is not None:
        return subtree(query.unit.path)
    branches = Q(pk__in=list(query.near))
    if not query.child_groups:
        return branches
    reported = _reported_counts(query, months) if by_child is None else _added_up(by_child, months)
    for child, expected in query.expected_by_child.items():
        if child.has_children and any(
            reported[child.pk, month, tier] + stored[child.pk, month, tier] != number
            for month, tiers in zip(query.months, expected, strict=True)
            if month in months
            for tier, number in tiers.items()
        ):
            branches |= subtree(child.path)
    return branches


def _added_up(by_child: Iterable[PartialTally], months: set[Month]) -> ReportedCounts:
    numbers = {month.number for month in months}
    reported: ReportedCounts = Counter()
    for part in by_child:
        if part.month.number in numbers:
            reported[part.child, part.month, part.tier] += part.tally.reported
    return reported


def _reported_counts(query: FiguresQuery, months: set[Month]) -> ReportedCounts:
    sums = GroupSum.objects.filter(
        group__in=query.child_groups,
        month__in=[month.number for month in months],
        stage=query.include,
        field=None,
    )
    if not query.external:
        sums = sums.filter(external=False)
    rows = sums.order_by().values_list("group_id", "month", "tier").annotate(Sum("reported"))
    months_of = query.by_number
    return Counter({(group, months_of[month], tier): number for group, month, tier, number in rows})
