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
from units.succession.inheritance import HistorySource
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


def stored_missing(query: FiguresQuery, wanted: Sequence[MonthSpan]) -> Iterator[MissingPair]:
    """Of the units asked about those that owe one of these months and have nothing, as far as it was noted. One query;
    by today's units also some that are not part of the total.
    """
    spans = {month.number: (month, start, end) for month, start, end in wanted}
    of_others = query.today is not None
    for number, *told in _stored_rows(query, wanted[0][0], wanted[-1][0]):
        if number in spans:
            unit, (month, start, end) = UnitRow._make(told), spans[number]
            if unit.expected_to_report(start, end) and (of_others or _is_part_of_total(query, unit)):
                yield unit, month


def _stored_rows(query: FiguresQuery, first: Month, last: Month) -> list[tuple]:
    asked = query.include, first.number, last.number
    if query.unit.tier == Tier.COUNTRY:
        # All that there is: by way of the units, each of them would be looked at.
        return _of_all(*asked)
    paths, single = [query.unit.path], []
    if query.today is not None:
        # Of any tier: few are noted, and they are told apart when they are read.
        sources, known = query.carried.total.sources, query.carried.sources
        paths = sorted({known[source.unit].path for source in sources if source.sums})
        single = sorted({source.unit for source in sources if not source.sums})
    if not paths and not single:
        return []
    borders = [border for path in paths for border in path_bounds(path)]
    return _of_units(len(borders))(*asked, single, *borders)


@cache
def _of_units(borders: int) -> PreparedQuery:
    """The question of what is noted: stage, first and last month, numbers of single units, and so many borders of paths
    of units with everything below them.
    """

    def build(stage: str, first: int, last: int, single: list[int], *paths: str) -> QuerySet:
        units = Q(unit__in=single)
        for at in range(0, borders, 2):
            units |= path_between(paths[at], paths[at + 1], "unit__path")
        return _rows(MissingReport.objects.filter(units, stage=stage, month__range=(first, last)))

    return PreparedQuery(build, str, int, int, list, *([str] * borders))


def _rows(gaps: QuerySet[MissingReport]) -> QuerySet:
    until = Coalesce("unit__reports_until", "unit__active_until")
    return gaps.order_by().values_list("month", *_COLUMNS, until)


_of_all = PreparedQuery(
    lambda stage, first, last: _rows(MissingReport.objects.filter(stage=stage, month__range=(first, last))),
    str,
    int,
    int,
)


def _is_part_of_total(query: FiguresQuery, unit: UnitRow) -> bool:
    here = unit.path.startswith(query.unit.path) and query.tier in (None, unit.tier)
    return here and (query.external or not unit.external)


def search_missing(
    units: UnitQuerySet, query: FiguresQuery, wanted: Sequence[MonthSpan]
) -> list[MissingPair]:
    """Two queries: the units that lack a report, and what there is of them."""
    rows = _units_with_missing(units, query, wanted).order_by().with_until().values_list(*UnitRow._fields)
    found = [UnitRow._make(row) for row in rows]
    there = _reported_pairs(query, [unit.pk for unit in found], wanted)
    return [
        (unit, month)
        for unit in found
        for month, start, end in wanted
        if unit.expected_to_report(start, end) and (unit.pk, month.number) not in there
    ]


def _units_with_missing(
    units: UnitQuerySet, query: FiguresQuery, wanted: Sequence[MonthSpan]
) -> UnitQuerySet:
    """Those with fewer reports than they owe: of a hundred in a branch the few that may be silent. Where units merge
    within the period thousands owe but some of its months.
    """
    reports = query.editions.filter(_of_months(wanted), submission__unit=OuterRef("pk"))
    # Not Count, which would group: without a report there is to be a 0.
    found = reports.order_by().values(found=Func("pk", function="COUNT", output_field=IntegerField()))
    (_, _, first_end), (_, last_start, _) = wanted[0], wanted[-1]
    each = [
        Case(When(expected_within(start, end), then=Value(1)), default=Value(0)) for _, start, end in wanted
    ]
    # Nearly all owe every month: of those no month is looked at.
    every = When(
        expected_within(first_end, first_end) & expected_within(last_start, last_start),
        then=Value(len(wanted)),
    )
    owed = Case(every, default=reduce(add, each), output_field=IntegerField())
    return units.alias(there=Subquery(found)).filter(there__lt=owed)


def _of_months(wanted: Sequence[MonthSpan]) -> Q:
    """Condition on editions: of these months. As a range they cost one descent of an index; one by one, one each."""
    first, last = wanted[0][0], wanted[-1][0]
    if len(Period.of(first, last).months) == len(wanted):
        return Q(submission__month__range=(first.number, last.number))
    return Q(submission__month__in=[month.number for month, _, _ in wanted])


def _reported_pairs(
    query: FiguresQuery, units: list[int], wanted: Sequence[MonthSpan]
) -> set[tuple[int, int]]:
    """(unit number, month) of what is there."""
    editions = query.editions.filter(_of_months(wanted), submission__unit__in=units)
    return set(editions.order_by().values_list("submission__unit_id", "submission__month"))


# How many reported, by number of a child, month and tier.
ReportedCounts = Mapping[tuple[int | None, Month, str], int]


class MissingUnitMonth(NamedTuple):
    """A unit-month without figures in force; `unit` is its number, `path` its place in the tree and `tier` its own.

    `counted`: the tier that it would count under in the total; None where it is but part of rows. `places`: by today's
    units, the numbers of those whose rows it would be part of.
    """

    unit: int
    path: str
    tier: str
    one: MissingMonth
    counted: str | None
    places: tuple[int, ...] | None = None

    def rows(self, above: Unit) -> Sequence[int]:
        """Numbers of the units whose rows it would be part of; `above` is the unit asked about."""
        return (child_on_path(self.path, above),) if self.places is None else self.places


def child_on_path(path: str, above: Unit) -> int:
    """The number of the unit directly below `above` on this path; of `above` itself for its own path."""
    below = path[len(above.path) :].partition("/")[0]
    return int(below) if below else above.pk


def missing_unit_months(
    query: FiguresQuery,
    months: Iterable[Month] | None = None,
    by_child: Iterable[PartialTally] | None = None,
    number: int | None = None,
) -> list[MissingUnitMonth]:
    """Unit-months that are expected and have nothing at the stage asked for, by month and name.

    `months` narrows it to some of the period's; `by_child` are its parts of all fields, where they are at hand;
    `number` is how many lack by the sums, so that it is seen at once whether all of them were noted.
    No query without months, one where all were noted, else six at most.
    """
    asked = set(query.months if months is None else months)
    spans = zip(query.months, query.spans, strict=True)
    wanted = [(month, *span) for month, span in spans if month in asked]
    if not wanted:
        return []
    among = query
    if query.today is not None and query.carried.total is None:
        among, by_child = query.reported, None
    known = [] if among.as_of is not None else _in_total(query, stored_missing(among, wanted))
    if number is None or number != len(known):
        seen = {(unit.pk, one.one.month) for unit, one in known}
        found = search_missing(_units_to_search(among, wanted, by_child, known), among, wanted)
        known += _in_total(query, (lack for lack in found if (lack[0].pk, lack[1]) not in seen))
    known.sort(key=lambda pair: (pair[1].one.month.number, pair[0].folded, pair[0].pk))
    return [one for _, one in known]


# A unit that is silent, and what is told of it.
_KnownMissing = tuple[UnitRow, MissingUnitMonth]


def _in_total(query: FiguresQuery, lacks: Iterable[MissingPair]) -> list[_KnownMissing]:
    """Those that are part of the total."""
    found = ((unit, missing_unit_month(query, unit, month)) for unit, month in lacks)
    return [pair for pair in found if pair[1].counted is not None]


def _units_to_search(
    query: FiguresQuery,
    wanted: Sequence[MonthSpan],
    by_child: Iterable[PartialTally] | None,
    known: Sequence[_KnownMissing],
) -> UnitQuerySet:
    """The units among which there are some that nothing was noted of."""
    if query.today is None:
        return _of_reported(query, wanted, by_child, known)
    return _of_today(query, wanted, known)


def _of_reported(
    query: FiguresQuery,
    wanted: Sequence[MonthSpan],
    by_child: Iterable[PartialTally] | None,
    known: Sequence[_KnownMissing],
) -> UnitQuerySet:
    there: ReportedCounts = Counter(
        (child_on_path(one.path, query.unit), one.one.month, one.tier) for _, one in known
    )
    branches = _incomplete_branches(query, {month for month, _, _ in wanted}, by_child, there)
    units = Unit.objects.expected_within(wanted[0][1], wanted[-1][2]).filter(branches)
    if not query.external:
        units = units.exclude(kind=UnitKind.EXTERNAL)
    return units.filter(tier=query.tier) if query.tier else units


def _of_today(
    query: FiguresQuery, wanted: Sequence[MonthSpan], known: Sequence[_KnownMissing]
) -> UnitQuerySet:
    """The same among whose reports make up today's units."""
    sources = _incomplete_sources(query, wanted, known)
    owed = Unit.objects.expected_within(wanted[0][1], wanted[-1][2])
    return owed.filter(query.carried.within("", sources))


def _incomplete_sources(
    query: FiguresQuery, wanted: Sequence[MonthSpan], known: Sequence[_KnownMissing]
) -> list[HistorySource]:
    """Units that came over one by one, and of the groups those that lack somebody in these months who is not known."""
    carried = query.carried
    groups = [source for source in carried.total.sources if source.sums]
    if not groups:
        return list(carried.total.sources)
    sums = GroupSum.objects.filter(
        group__in=[group.unit for group in groups],
        month__in=[month.number for month, _, _ in wanted],
        stage=query.include,
        field=None,
    )
    rows = sums.order_by().values_list("group_id", "tier", "external", "month", "reported")
    there = Counter({tuple(key): number for *key, number in rows})
    there.update(
        (above, unit.tier, unit.external, one.one.month.number)
        for unit, one in known
        for above in map(int, unit.path.strip("/").split("/"))
    )
    spans = [(start, end) for _, start, end in wanted]
    lacking = [source for source in carried.total.sources if not source.sums]
    for group in groups:
        owed = carried.expected(carried.total._replace(sources=[group]), spans)
        if any(
            sum(tiers.values()) != there[group.unit, group.tier, group.external, month.number]
            for (month, _, _), tiers in zip(wanted, owed, strict=True)
        ):
            lacking.append(group)
    return lacking


def missing_unit_month(query: FiguresQuery, unit: Unit | UnitRow, month: Month) -> MissingUnitMonth:
    """A month of a unit of the total as what lacks."""
    missing = MissingMonth(unit.key_on(query.named_on), month, unit.name)
    if query.today is None:
        return MissingUnitMonth(unit.pk, unit.path, unit.tier, missing, unit.tier)
    places = query.places(unit)
    if query.tier:
        places = {place: tier for place, tier in places.items() if tier == query.tier}
    counted = places.pop(None, None)
    return MissingUnitMonth(unit.pk, unit.path, unit.tier, missing, counted, tuple(places))


def _incomplete_branches(
    query: FiguresQuery, months: set[Month], by_child: Iterable[PartialTally] | None, known: ReportedCounts
) -> Q:
    """The unit itself, its children without children, and those child groups that lack somebody who is not known;
    everybody below where the sums of groups do not tell it.
    """
    if query.as_of is not None:
        return subtree(query.unit.path)
    branches = Q(pk__in=list(query.near))
    if not query.child_groups:
        return branches
    reported = _reported_counts(query, months) if by_child is None else _added_up(by_child, months)
    for child, expected in query.expected_by_child.items():
        if child.has_children and any(
            reported[child.pk, month, tier] + known[child.pk, month, tier] != number
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
