"""Rows by unit: those directly below, and the unit itself where it reports or has none below."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache

from django.db.models import Count, IntegerField, QuerySet, Sum, Value

from core.db.prepared_query import PreparedQuery
from figures.completeness import MissingMonth
from figures.measures import MEASURES, SUMS
from figures.periods import Month
from figures.summary import RowInput
from figures.tally import Tally
from records.models import Edition, GroupSum
from records.storage.tallies import BLANK_COLUMNS, TALLY_COLUMNS, IntegerSum, period_sums, tally_from_values
from units.models import Unit
from units.tree import roster

from .aggregation import partial_tallies
from .missing import MissingUnitMonth
from .query import FiguresQuery, PartialTally

_RECEIVED = (*SUMS["received"], BLANK_COLUMNS["received"])


def reads_rows_apart(question: FiguresQuery) -> bool:
    """Whether rows by unit are read apart from the total, which is read month by month from kept sums."""
    return question.below and question.from_sums and question.unit.has_children


def period_tallies(question: FiguresQuery) -> list[PartialTally]:
    """All of each unit directly below, and of the unit itself where it reports."""
    return _period_tallies(question, TALLY_COLUMNS)


def received_tallies(question: FiguresQuery) -> list[PartialTally]:
    """What each of them received, for shares by channel; other measures are left out."""
    return _period_tallies(question, _RECEIVED)


def _period_tallies(question: FiguresQuery, columns: tuple[str, ...]) -> list[PartialTally]:
    if not question.from_sums:
        return partial_tallies(question, by_child=True)
    found = []
    if question.child_groups:
        asked = _of_groups(columns, bool(question.tier), question.external)
        given = [question.tier] if question.tier else []
        found = asked(question.child_groups, *question.run, question.include, *given)
    if question.near:
        asked = _of_units(columns, question.include, question.added_up)
        found = [*found, *asked(list(question.near), *question.run)]
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
    question: FiguresQuery, found: Iterable[PartialTally], lacking: Sequence[MissingUnitMonth] = ()
) -> list[RowInput]:
    """The units directly below, in the order of tier and name; the unit itself where it reports or has none below.
    `found` are the parts by child, `lacking` who is silent, as far as that is told.
    """
    unit = question.unit
    silent_in = missing_by_row(question, lacking)
    reported: dict[int, list[tuple[Month, Tally]]] = defaultdict(list)
    if question.today is not None:
        for part in found:
            if part.child is not None:
                reported[part.child].append((part.month, part.tally))
        return list(_today_rows(question, reported, silent_in))
    for part in found:
        reported[part.child or unit.pk].append((part.month, part.tally))
    itself = [
        question.of_tier(tiers)
        for tiers in roster.expected_itself(unit, question.spans, external=question.external)
    ]
    rows = []
    if not unit.has_children or reported[unit.pk] or any(itself):
        rows.append(_unit_row(question, unit, itself, reported[unit.pk], silent_in[unit.pk]))
    if unit.has_children:
        rows += [
            _unit_row(question, child, expected, reported[child.pk], silent_in[child.pk])
            for child, expected in question.expected_by_child.items()
            if _shown(question, child, expected, reported)
        ]
    return rows


def _today_rows(question: FiguresQuery, reported: Mapping, silent_in: Mapping) -> Iterator[RowInput]:
    """Today's units: those that exist, and whatever has or owes figures."""
    unit, day = question.unit, question.today
    for heir in question.carried.rows:
        one = heir.unit
        if question.tier:
            kept = [place for place in heir.sources if not place.into or place.into == question.tier]
            heir = heir._replace(sources=kept)
        owed = question.carried.expected(heir, question.spans, once=True)
        expected = [question.of_tier(tiers) for tiers in owed] if question.tier else owed
        there = one.active_from <= day and not one.is_over(day) and (question.external or not one.external)
        # The unit itself only where it has something, or has nobody below.
        there &= not question.tier and (one.pk != unit.pk or not unit.has_children)
        if there or reported[one.pk] or any(expected):
            yield _unit_row(question, one, expected, reported[one.pk], silent_in[one.pk])


def _shown(question: FiguresQuery, child: Unit, expected: list[dict[str, int]], reported: Mapping) -> bool:
    """Children that exist in the period (external bodies only when asked for), and whatever has or owes figures."""
    if reported.get(child.pk) or any(expected):
        return True
    if question.tier:
        return False
    there = child.active_from <= question.end and not child.is_over(question.start)
    return there and (question.external or not child.external)


def _unit_row(
    question: FiguresQuery,
    unit: Unit,
    expected: list[dict[str, int]],
    reported: list[tuple[Month, Tally]],
    missing: list[MissingMonth],
) -> RowInput:
    # Of a row only the whole period is told: no need of a number for each month.
    owed = Tally.expecting(sum(number for tiers in expected for number in tiers.values()))
    itself = unit.pk == question.unit.pk
    return RowInput(
        unit.key_on(question.named_on),
        unit.name,
        [*reported, (question.months[0], owed)],
        missing,
        {
            "pk": unit.pk,
            "code": unit.code,
            "tier": unit.tier,
            "kind": unit.kind,
            "has_children": unit.has_children and not itself,
        },
    )


def missing_by_row(
    question: FiguresQuery, lacking: Iterable[MissingUnitMonth]
) -> dict[int, list[MissingMonth]]:
    """Who is silent, by the row (number of its unit) that their reports would be part of."""
    found: dict[int, list[MissingMonth]] = defaultdict(list)
    for one in lacking:
        for place in one.rows(question.unit):
            found[place].append(one.one)
    return found
