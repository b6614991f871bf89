"""Rows by unit: the units directly below, and the unit itself where it reports or has none below."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache

from django.db.models import Count, IntegerField, QuerySet, Sum, Value

from core.database import PreparedQuery
from figures.completeness import MissingMonth
from figures.measures import MEASURES, SUMS
from figures.periods import Month
from figures.summary import RowInput
from figures.tally import Tally
from records.models import Edition, GroupSum
from records.storage import BLANK_COLUMNS, TALLY_COLUMNS, IntegerSum, period_sums, tally_from_values
from units.models import Unit
from units.tree import roster

from .aggregation import partial_tallies
from .by_field import expected_in_rows
from .figures_query import ExpectedByMonth, FiguresQuery, PartialTally
from .missing import MissingUnitMonth

_RECEIVED = (*SUMS["received"], BLANK_COLUMNS["received"])


def reads_rows_apart(query: FiguresQuery) -> bool:
    """Whether rows by unit get their own query because the total is read month by month from stored sums."""
    return query.below and query.from_sums and query.unit.has_children and query.field is None


def period_tallies(query: FiguresQuery) -> list[PartialTally]:
    """Tallies over the period of each unit directly below, and of the unit itself where it reports."""
    return _period_tallies(query, TALLY_COLUMNS)


def received_tallies(query: FiguresQuery) -> list[PartialTally]:
    """The same with received dossiers only, for shares by channel."""
    return _period_tallies(query, _RECEIVED)


def _period_tallies(query: FiguresQuery, columns: tuple[str, ...]) -> list[PartialTally]:
    if not query.from_sums or query.field is not None:
        return partial_tallies(query, by_child=True)
    rows = []
    if query.child_groups:
        run_query = _group_query(columns, bool(query.tier), query.external)
        tier = [query.tier] if query.tier else []
        rows = run_query(query.child_groups, *query.run, query.include, *tier)
    if query.near:
        run_query = _unit_query(columns, query.include, query.added_up)
        rows = [*rows, *run_query(list(query.near), *query.run)]
    return [
        PartialTally(None, "", tally_from_values(numbers, reported), child)
        for child, reported, *numbers in rows
    ]


@cache
def _group_query(columns: Collection[str], with_tier: bool, external: bool) -> PreparedQuery:
    """Arguments: group ids, first and last month, stage, and the tier if used."""

    def build(groups: list[int], first: int, last: int, stage: str, *tier: str) -> QuerySet:
        conditions: dict[str, object] = {"group__in": groups, "month__range": (first, last), "stage": stage}
        conditions |= {"field__isnull": True} | ({} if external else {"external": False})
        rows = GroupSum.objects.order_by().filter(**conditions, **dict(zip(["tier"], tier, strict=False)))
        sums = _blank_other_columns(columns, period_sums("month", first, last))
        return rows.values_list("group_id").annotate(sum_reported=IntegerSum("reported"), **sums)

    return PreparedQuery(build, list, int, int, str, *([str] if with_tier else []))


@cache
def _unit_query(columns: Collection[str], stage: str, added_up: bool) -> PreparedQuery:
    """Own reports of units. Arguments: unit ids, first and last month."""

    def build(units: list[int], first: int, last: int) -> QuerySet:
        # By id: a condition over the join would read every unit's report of these months.
        rows = (
            Edition.objects.in_force(stage)
            .order_by()
            .filter(submission__unit__in=units, submission__month__range=(first, last))
        )
        prefix = "submission__" if added_up else None
        sums = _blank_other_columns(columns, period_sums("submission__month", first, last, prefix))
        return rows.values_list("submission__unit_id").annotate(sum_reported=Count("pk"), **sums)

    return PreparedQuery(build, list, int, int)


def _blank_other_columns(columns: Collection[str], sums: dict[str, Sum]) -> dict[str, Sum | Value]:
    """The sums, with constants in place of columns that are not needed."""
    return sums | {f"sum_{name}": _nothing(name) for name in TALLY_COLUMNS if name not in columns}


def _nothing(name: str) -> Value:
    # Counts of blanks are never NULL.
    return Value(None if name in MEASURES else 0, IntegerField())


def unit_rows(
    query: FiguresQuery, tallies: Iterable[PartialTally], missing: Sequence[MissingUnitMonth] = ()
) -> list[RowInput]:
    """The units directly below, in the order of tier and name; the unit itself where it reports or has none below.
    `tallies` are by child; `missing` may be empty.
    """
    unit = query.unit
    missing_in = _missing_by_row(query, missing)
    reported: dict[int, list[tuple[Month, Tally]]] = defaultdict(list)
    for part in tallies:
        if part.child is not None or query.today is None:
            reported[part.child or unit.pk].append((part.month, part.tally))
    if query.field is not None:
        return _rows_of_field(query, reported, missing_in)
    if query.today is not None:
        return list(_today_rows(query, reported, missing_in))
    itself = [
        query.of_tier(tiers) for tiers in roster.expected_itself(unit, query.spans, external=query.external)
    ]
    rows = []
    if not unit.has_children or reported[unit.pk] or any(itself):
        rows.append(_unit_row(query, unit, _sum_expected(itself), reported[unit.pk], missing_in[unit.pk]))
    if unit.has_children:
        rows += [
            _unit_row(query, child, _sum_expected(expected), reported[child.pk], missing_in[child.pk])
            for child, expected in query.expected_by_child.items()
            if _shown(query, child, expected, reported)
        ]
    return rows


def _rows_of_field(query: FiguresQuery, reported: Mapping, missing_in: Mapping) -> list[RowInput]:
    """Units, the unit itself included, that reported the field or are expected to, by tier and name."""
    expected = expected_in_rows(query)
    here = query.unit, *query.children
    units = here if query.today is None else [row.unit for row in query.successor_history.rows]
    return [
        _unit_row(query, unit, expected[unit.pk], reported[unit.pk], missing_in[unit.pk])
        for unit in sorted(units, key=lambda unit: (unit.tier, unit.folded, unit.pk))
        if (expected[unit.pk] or reported[unit.pk]) and (query.external or not unit.external)
    ]


def _sum_expected(expected: ExpectedByMonth) -> int:
    return sum(number for tiers in expected for number in tiers.values())


def _today_rows(query: FiguresQuery, reported: Mapping, missing_in: Mapping) -> Iterator[RowInput]:
    """Today's units: those that exist, and those that reported or are expected to."""
    unit, day = query.unit, query.today
    for heir in query.successor_history.rows:
        row_unit = heir.unit
        if query.tier:
            sources = [place for place in heir.sources if not place.into or place.into == query.tier]
            heir = heir._replace(sources=sources)
        counts = query.successor_history.expected(heir, query.spans, once=True)
        expected = [query.of_tier(tiers) for tiers in counts] if query.tier else counts
        there = (
            row_unit.active_from <= day
            and not row_unit.is_over(day)
            and (query.external or not row_unit.external)
        )
        # The unit itself only where it has something, or has nobody below.
        there &= not query.tier and (row_unit.pk != unit.pk or not unit.has_children)
        if there or reported[row_unit.pk] or any(expected):
            yield _unit_row(
                query, row_unit, _sum_expected(expected), reported[row_unit.pk], missing_in[row_unit.pk]
            )


def _shown(query: FiguresQuery, child: Unit, expected: list[dict[str, int]], reported: Mapping) -> bool:
    """Whether a child existed in the period (external bodies only if included), reported or is expected to."""
    if reported.get(child.pk) or any(expected):
        return True
    if query.tier:
        return False
    there = child.active_from <= query.end and not child.is_over(query.start)
    return there and (query.external or not child.external)


def _unit_row(
    query: FiguresQuery,
    unit: Unit,
    expected: int,
    reported: list[tuple[Month, Tally]],
    missing: list[MissingMonth],
) -> RowInput:
    itself = unit.pk == query.unit.pk
    return RowInput(
        unit.key_on(query.named_on),
        unit.name,
        # A row shows only the whole period, so one month carries its expected number.
        [*reported, (query.months[0], Tally.expecting(expected))],
        missing,
        {
            "pk": unit.pk,
            "code": unit.code,
            "tier": unit.tier,
            "kind": unit.kind,
            "has_children": unit.has_children and not itself,
        },
    )


def _missing_by_row(
    query: FiguresQuery, missing: Iterable[MissingUnitMonth]
) -> dict[int, list[MissingMonth]]:
    """Missing months by the id of the row's unit."""
    by_row: dict[int, list[MissingMonth]] = defaultdict(list)
    for unit_month in missing:
        for place in unit_month.rows(query.unit):
            by_row[place].append(unit_month.missing)
    return by_row
