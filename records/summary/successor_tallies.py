"""Partial tallies by the units of a given day: stored sums where a whole group is a source, else unit by unit."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from itertools import chain
from typing import Any

from django.db.models import Count, IntegerField, Q, QuerySet, Value

from core.database import PreparedQuery
from figures.tally import Tally
from records.models import Edition, GroupSum
from records.storage import (
    TALLY_COLUMNS,
    IntegerSum,
    column_sums,
    counted_columns,
    period_sums,
    tally_from_values,
)

from .figures_query import FiguresQuery, PartialTally
from .split_units import apportioned_tallies
from .successor_history import CurrentUnits

_Kind = tuple[str, bool]  # tier ("": every one), external
# By group and kind: row (None: the total) and tier under which it counts there; an empty tier leaves it unchanged.
_Places = Mapping[tuple[int, str, bool], list[tuple[int | None, str]]]
_Grouping = Callable[[FiguresQuery, _Places, Iterable[tuple]], Iterator[PartialTally]]


def group_tallies(query: FiguresQuery, heirs: CurrentUnits, by_field: bool) -> Iterator[PartialTally]:
    """Partial tallies from group sums, month by month or over the period (`reads_by_month`)."""
    places = defaultdict(list)
    for place, heir in heirs:
        for source in heir.sources:
            if source.sums:
                places[source.unit, source.tier, source.external].append((place, source.into))
    if not places:
        return iter(())
    groups: dict[_Kind, list[int]] = defaultdict(list)
    for group, tier, external in places:
        groups[tier, external].append(group)
    kinds, way = tuple(sorted(groups)), _grouping(query, places)
    only = query.one_field
    run_query = _group_sums(kinds, query.include, query.external, by_field, bool(only), way)
    rows = run_query(*(groups[kind] for kind in kinds), *query.run, *only)
    return way(query, places, rows)


def reads_by_month(query: FiguresQuery, places: Iterable[int | None]) -> bool:
    """Whether sums are read month by month: for the total (None), and for rows narrowed to a tier. Other rows are read
    over the whole period.
    """
    return query.tier is not None or None in places


def _grouping(query: FiguresQuery, places: _Places) -> _Grouping:
    """How the database adds up the sums."""
    rows: dict[int, list] = {}
    if not reads_by_month(query, [place for several in places.values() for place, _ in several]):
        pairs = [(group, [place for place, _ in several]) for (group, _, _), several in places.items()]
        rows.update(pairs)
        # Everything of a group goes to the same rows.
        return (
            _period_tallies if all(rows[group] == several for group, several in pairs) else _monthly_tallies
        )
    into = _places_of_row(places)
    alone = all(several == [(None, into[tier])] for (_, tier, _), several in places.items())
    return _total_tallies if alone else _monthly_tallies


def _places_of_row(places: _Places) -> dict[str, str]:
    return {tier: into for (_, tier, _), several in places.items() for _, into in several}


def _total_tallies(query: FiguresQuery, places: _Places, rows: Iterable[tuple]) -> Iterator[PartialTally]:
    """For the total alone, if each tier counts under one: each month and tier over all groups."""
    into = _places_of_row(places)
    for month, tier, field, reported, *numbers in rows:
        yield PartialTally(
            query.by_number[month], into[tier], tally_from_values(numbers, reported), None, field
        )


def _period_tallies(query: FiguresQuery, places: _Places, rows: Iterable[tuple]) -> Iterator[PartialTally]:
    """For rows alone: each group over its kinds and the months of the period."""
    several = {group: group_places for (group, _, _), group_places in places.items()}
    for group, field, reported, *numbers in rows:
        tally = tally_from_values(numbers, reported)
        for place, _ in several[group]:
            yield PartialTally(None, "", tally, place, field)


def _monthly_tallies(query: FiguresQuery, places: _Places, rows: Iterable[tuple]) -> Iterator[PartialTally]:
    """For total and rows at once, or where the kinds of a group belong to different rows."""
    months = query.by_number
    for row in rows:
        group, month, tier, external, field, reported = row[:6]
        tally = tally_from_values(row[6:], reported)
        for key in ((group, tier, external), (group, "", False)):
            for place, into in places.get(key, ()):
                yield PartialTally(months[month], into or tier, tally, place, field)


@cache
def _group_sums(
    kinds: tuple[_Kind, ...], stage: str, external: bool, by_field: bool, with_field: bool, way: _Grouping
) -> PreparedQuery:
    """Arguments: ids of the groups of each kind, first and last month, and the field if used."""

    def build(*arguments: Any) -> QuerySet:
        lists, (first, last, *only) = arguments[: len(kinds)], arguments[len(kinds) :]
        conditions: dict[str, Any] = {"month__range": (first, last), "stage": stage}
        conditions |= {"field": only[0]} if only else {"field__isnull": not by_field}
        conditions |= {} if external else {"external": False}
        selected = Q()
        for (tier, outside), numbers in zip(kinds, lists, strict=True):
            selected |= Q(group__in=numbers, **({"tier": tier, "external": outside} if tier else {}))
        # The list of all groups as well: with an OR alone SQLite scans every group.
        groups = [group for numbers in lists for group in numbers]
        rows = GroupSum.objects.order_by().filter(selected, group__in=groups, **conditions)
        if way is _monthly_tallies:
            return rows.values_list(
                "group_id", "month", "tier", "external", "field_id", "reported", *TALLY_COLUMNS
            )
        field = "field_id" if by_field else Value(None, IntegerField())
        if way is _total_tallies:
            columns, sums = rows.values_list("month", "tier", field), column_sums()
        else:
            columns, sums = rows.values_list("group_id", field), period_sums("month", first, last)
        return columns.annotate(_reported=IntegerSum("reported"), **sums)

    return PreparedQuery(build, *([list] * len(kinds)), int, int, *([int] if with_field else []))


_NOTHING = Value(None, IntegerField())


def successor_tallies(query: FiguresQuery, *, by_child: bool, by_field: bool) -> Iterator[PartialTally]:
    """Partial tallies of the total (without a child) and of each row; none of a total that is the reported one."""
    heirs = query.successor_history.heirs(by_child)
    for part in (
        *group_tallies(query, heirs, by_field),
        *_single_unit_tallies(query, heirs, by_field),
        *_own_tallies(query, heirs, by_field),
        *apportioned_tallies(query, heirs, by_field),
    ):
        if query.tier in (None, part.tier):
            yield part


def _single_unit_tallies(query: FiguresQuery, heirs: CurrentUnits, by_field: bool) -> Iterator[PartialTally]:
    """Tallies of undivided source units, added up by successor in the database."""
    targets: dict[tuple[int, bool], list[int | None]] = defaultdict(list)
    numbers: set[int] = set()
    history = query.successor_history
    for place, heir in heirs:
        single = {
            source.unit
            for source in heir.sources
            if not source.sums and source.undivided and (heir.whole or source.unit != heir.unit.pk)
        }
        if single:
            targets[heir.unit.pk, heir.whole].append(place)
            numbers |= single
    if not numbers:
        return
    monthly, only = reads_by_month(query, chain.from_iterable(targets.values())), query.one_field
    run_query = _successor_sums(
        query.include,
        history.over,
        query.external,
        by_field,
        bool(only),
        monthly,
        query.added_up,
    )
    rows = run_query(
        sorted(numbers) if history.over or by_field else [],
        [pk for pk, whole in targets if whole],
        [pk for pk, whole in targets if not whole],
        *query.run,
        history.day,
        *only,
    )
    for row in rows:
        heir, whole, month, into, field, reported = row[:6]
        for place in targets.get((heir, whole), ()):
            yield _partial_tally(query, month, into, tally_from_values(row[6:], reported), place, field)


@cache
def _successor_sums(
    stage: str, over: bool, external: bool, by_field: bool, with_field: bool, monthly: bool, added_up: bool
) -> PreparedQuery:
    """Arguments: ids of the source units (for a closed unit or by field), succeeding groups and units, first and last
    month, day, and the field if used.
    """

    def build(
        numbers: list[int], groups: list[int], own: list[int], first: int, last: int, day: date, *only: int
    ) -> QuerySet:
        mapping = Q(whole=True, sums=False, heir__in=groups) | Q(whole=False, heir__in=own)
        mapping &= Q(share="1", since__lte=day, until__gte=day)
        if not (over or external):
            mapping &= Q(external=False)
        # A closed unit is shown in its own tiers and kinds, others in today's.
        tier = "tier" if over else "into"
        mapping &= Q(source__in=numbers) if over else Q()
        # With a list of ids PostgreSQL searches them among the reports of all units in these months.
        listed = numbers if by_field else None
        path, rows, field, reported = _reports(stage, listed, (first, last), by_field, *only)
        through = f"{path}unit__inherited_by__"
        # Grouped by heir first, and for rows by nothing else: SQLite reads them in this order and need not sort.
        month, into = (f"{path}month", f"{through}{tier}") if monthly else (_NOTHING, _NOTHING)
        selected = rows.filter(_with_prefix(through, mapping))
        selected = selected.values_list(f"{through}heir_id", f"{through}whole", month, into, field)
        prefix = path if added_up else None
        sums = column_sums(prefix) if monthly else period_sums(f"{path}month", first, last, prefix)
        return selected.annotate(_reported=reported, **sums)

    return PreparedQuery(build, list, list, list, int, int, date, *([int] if with_field else []))


def _reports(
    stage: str, units: list[int] | None, months: tuple[int, int], by_field: bool, only: int | None = None
) -> tuple[str, QuerySet, Any, Count]:
    """(path to the submission, rows of these units or of all, field column, count of units that reported)."""
    editions = Edition.objects.in_force(stage).order_by().filter(submission__month__range=months)
    editions = editions if units is None else editions.filter(submission__unit__in=units)
    if not by_field:
        return "submission__", editions, _NOTHING, Count("pk")
    rows = editions.dossier_counts()
    rows = rows if only is None else rows.filter(field=only)
    # A field reported by procedure counts once, when any of its rows holds a number.
    reported = Count("edition", distinct=True, filter=Q(answered=True))
    return "edition__submission__", rows, "field_id", reported


def _with_prefix(prefix: str, condition: Q) -> Q:
    """The same condition on the columns of a table that is joined under a prefix."""
    prefixed = Q(_connector=condition.connector, _negated=condition.negated)
    for child in condition.children:
        part = _with_prefix(prefix, child) if isinstance(child, Q) else Q((f"{prefix}{child[0]}", child[1]))
        prefixed.add(part, condition.connector)
    return prefixed


def _own_tallies(query: FiguresQuery, heirs: CurrentUnits, by_field: bool) -> Iterator[PartialTally]:
    """Tallies of the own reports of rows that are single units."""
    own: dict[int, list[tuple[int | None, str]]] = defaultdict(list)
    for place, heir in heirs:
        for source in heir.sources:
            if not heir.whole and not source.sums and source.unit == heir.unit.pk and source.undivided:
                own[source.unit].append((place, source.into))
    if not own:
        return
    monthly = reads_by_month(query, (place for several in own.values() for place, _ in several))
    only = query.one_field
    run_query = _unit_query(query.include, by_field, bool(only), monthly, query.added_up)
    rows = run_query(sorted(own), *query.run, *only)
    for row in rows:
        unit, month, field, reported = row[:4]
        tally = tally_from_values(row[4:], reported)
        for place, tier in own[unit]:
            yield _partial_tally(query, month, tier, tally, place, field)


@cache
def _unit_query(stage: str, by_field: bool, with_field: bool, monthly: bool, added_up: bool) -> PreparedQuery:
    """Reports unit by unit. Arguments: unit ids, first and last month, and the field if used."""

    def build(units: list[int], first: int, last: int, *only: int) -> QuerySet:
        path, rows, field, reported = _reports(stage, units, (first, last), by_field, *only)
        unit, month, prefix = f"{path}unit_id", f"{path}month", path if added_up else None
        if not monthly:
            columns = rows.values_list(unit, _NOTHING, field)
            return columns.annotate(_reported=reported, **period_sums(month, first, last, prefix))
        if not by_field:
            return rows.values_list(unit, month, field, Value(1), *counted_columns(prefix).values())
        return rows.values_list(unit, month, field).annotate(_reported=reported, **column_sums(prefix))

    return PreparedQuery(build, list, int, int, *([int] if with_field else []))


def _partial_tally(
    query: FiguresQuery,
    month: int | None,
    tier: str | None,
    tally: Tally,
    place: int | None,
    field: int | None,
) -> PartialTally:
    if month is None:
        return PartialTally(None, "", tally, place, field)
    return PartialTally(query.by_number[month], tier, tally, place, field)
