"""Rows by unit: those directly below, and the unit itself where it reports or has none below."""

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
    """Whether rows by unit are read apart from the total, which is read month by month from kept sums."""
    return query.below and query.from_sums and query.unit.has_children and query.field is None


def period_tallies(query: FiguresQuery) -> list[PartialTally]:
    """All of each unit directly below, and of the unit itself where it reports."""
    return _period_tallies(query, TALLY_COLUMNS)


def received_tallies(query: FiguresQuery) -> list[PartialTally]:
    """What each of them received, for shares by channel; other measures are left out."""
    return _period_tallies(query, _RECEIVED)


def _period_tallies(query: FiguresQuery, columns: tuple[str, ...]) -> list[PartialTally]:
    if not query.from_sums or query.field is not None:
        return partial_tallies(query, by_child=True)
    found = []
    if query.child_groups:
        asked = _of_groups(columns, bool(query.tier), query.external)
        given = [query.tier] if query.tier else []
        found = asked(query.child_groups, *query.run, query.include, *given)
    if query.near:
        asked = _of_units(columns, query.include, query.added_up)
        found = [*found, *asked(list(query.near), *query.run)]
    return [
        PartialTally(None, "", tally_from_values(numbers, reported), child)
        for child, reported, *numbers in found
    ]


@cache
def _of_groups(columns: Collection[str], one_tier: bool, external: bool) -> PreparedQuery:
    """The question of groups: their numbers, first and last month, stage, and the tier if asked."""

    def build(groups: list[int], first: int, last: int, stage: str, *tier: str) -> QuerySet:
        which: dict[str, object] = {"group__in": groups, "month__range": (first, last), "stage": stage}
        which |= {"field__isnull": True} | ({} if external else {"external": False})
        rows = GroupSum.objects.order_by().filter(**which, **dict(zip(["tier"], tier, strict=False)))
        sums = _only(columns, period_sums("month", first, last))
        return rows.values_list("group_id").annotate(sum_reported=IntegerSum("reported"), **sums)

    return PreparedQuery(build, list, int, int, str, *([str] if one_tier else []))


@cache
def _of_units(columns: Collection[str], stage: str, added_up: bool) -> PreparedQuery:
    """The question of what units reported themselves: their numbers, first and last month."""

    def build(units: list[int], first: int, last: int) -> QuerySet:
        # By their numbers: a condition over the join would read every unit's report of these months.
        rows = (
            Edition.objects.in_force(stage)
            .order_by()
            .filter(submission__unit__in=units, submission__month__range=(first, last))
        )
        handed = "submission__" if added_up else None
        sums = _only(columns, period_sums("submission__month", first, last, handed))
        return rows.values_list("submission__unit_id").annotate(sum_reported=Count("pk"), **sums)

    return PreparedQuery(build, list, int, int)


def _only(columns: Collection[str], sums: dict[str, Sum]) -> dict[str, Sum | Value]:
    """The others are no measures that anybody asked for."""
    return sums | {f"sum_{name}": _nothing(name) for name in TALLY_COLUMNS if name not in columns}


def _nothing(name: str) -> Value:
    # Of what is no measure there is always a number.
    return Value(None if name in MEASURES else 0, IntegerField())


def unit_rows(
    query: FiguresQuery, found: Iterable[PartialTally], lacking: Sequence[MissingUnitMonth] = ()
) -> list[RowInput]:
    """The units directly below, in the order of tier and name; the unit itself where it reports or has none below.
    `found` are the parts by child, `lacking` who is silent, as far as that is told.
    """
    unit = query.unit
    silent_in = _missing_by_row(query, lacking)
    reported: dict[int, list[tuple[Month, Tally]]] = defaultdict(list)
    for part in found:
        if part.child is not None or query.today is None:
            reported[part.child or unit.pk].append((part.month, part.tally))
    if query.field is not None:
        return _rows_of_field(query, reported, silent_in)
    if query.today is not None:
        return list(_today_rows(query, reported, silent_in))
    itself = [
        query.of_tier(tiers) for tiers in roster.expected_itself(unit, query.spans, external=query.external)
    ]
    rows = []
    if not unit.has_children or reported[unit.pk] or any(itself):
        rows.append(_unit_row(query, unit, _number(itself), reported[unit.pk], silent_in[unit.pk]))
    if unit.has_children:
        rows += [
            _unit_row(query, child, _number(expected), reported[child.pk], silent_in[child.pk])
            for child, expected in query.expected_by_child.items()
            if _shown(query, child, expected, reported)
        ]
    return rows


def _rows_of_field(query: FiguresQuery, reported: Mapping, silent_in: Mapping) -> list[RowInput]:
    """Whatever has or owes figures of the field, in the order of tier and name: the unit itself as well."""
    owed = expected_in_rows(query)
    here = query.unit, *query.children
    units = here if query.today is None else [row.unit for row in query.carried.rows]
    return [
        _unit_row(query, unit, owed[unit.pk], reported[unit.pk], silent_in[unit.pk])
        for unit in sorted(units, key=lambda unit: (unit.tier, unit.folded, unit.pk))
        if (owed[unit.pk] or reported[unit.pk]) and (query.external or not unit.external)
    ]


def _number(expected: ExpectedByMonth) -> int:
    return sum(number for tiers in expected for number in tiers.values())


def _today_rows(query: FiguresQuery, reported: Mapping, silent_in: Mapping) -> Iterator[RowInput]:
    """Today's units: those that exist, and whatever has or owes figures."""
    unit, day = query.unit, query.today
    for heir in query.carried.rows:
        one = heir.unit
        if query.tier:
            kept = [place for place in heir.sources if not place.into or place.into == query.tier]
            heir = heir._replace(sources=kept)
        owed = query.carried.expected(heir, query.spans, once=True)
        expected = [query.of_tier(tiers) for tiers in owed] if query.tier else owed
        there = one.active_from <= day and not one.is_over(day) and (query.external or not one.external)
        # The unit itself only where it has something, or has nobody below.
        there &= not query.tier and (one.pk != unit.pk or not unit.has_children)
        if there or reported[one.pk] or any(expected):
            yield _unit_row(query, one, _number(expected), reported[one.pk], silent_in[one.pk])


def _shown(query: FiguresQuery, child: Unit, expected: list[dict[str, int]], reported: Mapping) -> bool:
    """Children that exist in the period (external bodies only when asked for), and whatever has or owes figures."""
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
        # Of a row only the whole period is told: no need of a number for each month.
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
    query: FiguresQuery, lacking: Iterable[MissingUnitMonth]
) -> dict[int, list[MissingMonth]]:
    """Who is silent, by the row (number of its unit) that their reports would be part of."""
    found: dict[int, list[MissingMonth]] = defaultdict(list)
    for one in lacking:
        for place in one.rows(query.unit):
            found[place].append(one.one)
    return found
