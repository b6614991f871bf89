"""Partial tallies by the units of a given day: kept sums where a whole group came over, else unit by unit."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from itertools import chain
from typing import Any

from django.db.models import Count, IntegerField, Q, QuerySet, Value

from core.database import PreparedQuery
from figures.tally import Tally
from records.models import DossierCount, Edition, GroupSum
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
# By group and kind: place (None: the total) and tier under which it counts there; an empty one leaves it its own.
_Places = Mapping[tuple[int, str, bool], list[tuple[int | None, str]]]
_Grouping = Callable[[FiguresQuery, _Places, Iterable[tuple]], Iterator[PartialTally]]


def group_tallies(query: FiguresQuery, heirs: CurrentUnits, by_field: bool) -> Iterator[PartialTally]:
    """All parts that come from groups, month by month or over the period (`by_month`)."""
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
    asked = _group_sums(kinds, query.include, query.external, by_field, bool(only), way)
    rows = asked(*(groups[kind] for kind in kinds), *query.run, *only)
    return way(query, places, rows)


def reads_by_month(query: FiguresQuery, places: Iterable[int | None]) -> bool:
    """Whether parts are read month by month: a total (None) is told so. Rows are told over the whole period, unless
    they are narrowed to a tier.
    """
    return query.tier is not None or None in places


def _grouping(query: FiguresQuery, places: _Places) -> _Grouping:
    """How far the sums are added up by the database."""
    rows: dict[int, list] = {}
    if not reads_by_month(query, [place for several in places.values() for place, _ in several]):
        found = [(group, [place for place, _ in several]) for (group, _, _), several in places.items()]
        rows.update(found)
        # Everything of a group goes to the same rows.
        return _over_period if all(rows[group] == several for group, several in found) else _one_by_one
    into = _places_of_row(places)
    alone = all(several == [(None, into[tier])] for (_, tier, _), several in places.items())
    return _of_total if alone else _one_by_one


def _places_of_row(places: _Places) -> dict[str, str]:
    return {tier: into for (_, tier, _), several in places.items() for _, into in several}


def _of_total(query: FiguresQuery, places: _Places, rows: Iterable[tuple]) -> Iterator[PartialTally]:
    """Of the total alone, where no tier counts under two: each month and tier over all groups."""
    into = _places_of_row(places)
    for month, tier, field, reported, *numbers in rows:
        yield PartialTally(
            query.by_number[month], into[tier], tally_from_values(numbers, reported), None, field
        )


def _over_period(query: FiguresQuery, places: _Places, rows: Iterable[tuple]) -> Iterator[PartialTally]:
    """Of rows alone: each group over its kinds and the months of the period."""
    several = {group: found for (group, _, _), found in places.items()}
    for group, field, reported, *numbers in rows:
        tally = tally_from_values(numbers, reported)
        for place, _ in several[group]:
            yield PartialTally(None, "", tally, place, field)


def _one_by_one(query: FiguresQuery, places: _Places, rows: Iterable[tuple]) -> Iterator[PartialTally]:
    """Of a total and rows at once, or of what goes to several places by its kind."""
    months = query.by_number
    for row in rows:
        group, month, tier, external, field, reported = row[:6]
        tally = tally_from_values(row[6:], reported)
        for key in ((group, tier, external), (group, "", False)):
            for place, into in places.get(key, ()):
                yield PartialTally(months[month], into or tier, tally, place, field)


@cache
def _group_sums(
    kinds: tuple[_Kind, ...], stage: str, external: bool, by_field: bool, one_field: bool, way: _Grouping
) -> PreparedQuery:
    """The question of group sums: numbers of the groups of each kind, first and last month, and the field if asked."""

    def build(*given: Any) -> QuerySet:
        lists, (first, last, *only) = given[: len(kinds)], given[len(kinds) :]
        which: dict[str, Any] = {"month__range": (first, last), "stage": stage}
        which |= {"field": only[0]} if only else {"field__isnull": not by_field}
        which |= {} if external else {"external": False}
        wanted = Q()
        for (tier, outside), numbers in zip(kinds, lists, strict=True):
            wanted |= Q(group__in=numbers, **({"tier": tier, "external": outside} if tier else {}))
        # All groups by themselves as well: of an OR alone SQLite goes through every group there is.
        groups = [group for numbers in lists for group in numbers]
        rows = GroupSum.objects.order_by().filter(wanted, group__in=groups, **which)
        if way is _one_by_one:
            return rows.values_list(
                "group_id", "month", "tier", "external", "field_id", "reported", *TALLY_COLUMNS
            )
        field = "field_id" if by_field else Value(None, IntegerField())
        if way is _of_total:
            found, sums = rows.values_list("month", "tier", field), column_sums()
        else:
            found, sums = rows.values_list("group_id", field), period_sums("month", first, last)
        return found.annotate(_reported=IntegerSum("reported"), **sums)

    return PreparedQuery(build, *([list] * len(kinds)), int, int, *([int] if one_field else []))


_NOTHING = Value(None, IntegerField())


def successor_tallies(query: FiguresQuery, *, by_child: bool, by_field: bool) -> Iterator[PartialTally]:
    """All parts: those of the total without a child, and those of each row. A total that is the reported one is not
    among them.
    """
    heirs = query.carried.heirs(by_child)
    for part in (
        *group_tallies(query, heirs, by_field),
        *_of_single(query, heirs, by_field),
        *_of_itself(query, heirs, by_field),
        *apportioned_tallies(query, heirs, by_field),
    ):
        if query.tier in (None, part.tier):
            yield part


def _of_single(query: FiguresQuery, heirs: CurrentUnits, by_field: bool) -> Iterator[PartialTally]:
    """Units that came over undivided, added up by heir in the database."""
    wanted: dict[tuple[int, bool], list[int | None]] = defaultdict(list)
    numbers: set[int] = set()
    carried = query.carried
    for place, heir in heirs:
        single = {
            source.unit
            for source in heir.sources
            if not source.sums and source.undivided and (heir.whole or source.unit != heir.unit.pk)
        }
        if single:
            wanted[heir.unit.pk, heir.whole].append(place)
            numbers |= single
    if not numbers:
        return
    monthly, only = reads_by_month(query, chain.from_iterable(wanted.values())), query.one_field
    asked = _added_up_by_heir(
        query.include,
        carried.over,
        query.external,
        by_field,
        bool(only),
        monthly,
        query.added_up,
    )
    rows = asked(
        sorted(numbers) if carried.over or by_field else [],
        [pk for pk, whole in wanted if whole],
        [pk for pk, whole in wanted if not whole],
        *query.run,
        carried.day,
        *only,
    )
    for row in rows:
        heir, whole, month, into, field, reported = row[:6]
        for place in wanted.get((heir, whole), ()):
            yield _partial_tally(query, month, into, tally_from_values(row[6:], reported), place, field)


@cache
def _added_up_by_heir(
    stage: str, over: bool, external: bool, by_field: bool, one_field: bool, monthly: bool, added_up: bool
) -> PreparedQuery:
    """The question of units added up by heir: their numbers (for one that is over or by field), groups and units that
    inherit, first and last month, day, and the field if asked.
    """

    def build(
        numbers: list[int], groups: list[int], own: list[int], first: int, last: int, day: date, *only: int
    ) -> QuerySet:
        mapping = Q(whole=True, sums=False, heir__in=groups) | Q(whole=False, heir__in=own)
        mapping &= Q(share="1", since__lte=day, until__gte=day)
        if not (over or external):
            mapping &= Q(external=False)
        # A unit that is over is told in its own tiers and kinds, others in today's. It is but a part of its heirs.
        tier = "tier" if over else "into"
        mapping &= Q(source__in=numbers) if over else Q()
        # Listed by number, PostgreSQL looks for them among the reports that all units have of these months.
        listed = numbers if by_field else None
        path, rows, field, reported = _reports(stage, listed, (first, last), by_field, *only)
        through = f"{path}unit__inherited_by__"
        # Grouped by heir first and, of rows, by nothing else: SQLite finds them in this order and need not sort.
        month, into = (f"{path}month", f"{through}{tier}") if monthly else (_NOTHING, _NOTHING)
        found = rows.filter(_under(through, mapping))
        found = found.values_list(f"{through}heir_id", f"{through}whole", month, into, field)
        handed = path if added_up else None
        sums = column_sums(handed) if monthly else period_sums(f"{path}month", first, last, handed)
        return found.annotate(_reported=reported, **sums)

    return PreparedQuery(build, list, list, list, int, int, date, *([int] if one_field else []))


def _reports(
    stage: str, units: list[int] | None, months: tuple[int, int], by_field: bool, only: int | None = None
) -> tuple[str, QuerySet, Any, Count]:
    """Where the submission stands from the rows, the rows (of these units, else of all), their field, and how many
    units reported.
    """
    editions = Edition.objects.in_force(stage).order_by().filter(submission__month__range=months)
    editions = editions if units is None else editions.filter(submission__unit__in=units)
    if not by_field:
        return "submission__", editions, _NOTHING, Count("pk")
    rows = DossierCount.objects.order_by().filter(edition__in=editions)
    rows = rows if only is None else rows.filter(field=only)
    # A field reported by procedure counts once, when any of its rows holds a number.
    reported = Count("edition", distinct=True, filter=Q(answered=True))
    return "edition__submission__", rows, "field_id", reported


def _under(prefix: str, condition: Q) -> Q:
    """The same condition on the columns of a table that is joined under a prefix."""
    found = Q(_connector=condition.connector, _negated=condition.negated)
    for child in condition.children:
        part = _under(prefix, child) if isinstance(child, Q) else Q((f"{prefix}{child[0]}", child[1]))
        found.add(part, condition.connector)
    return found


def _of_itself(query: FiguresQuery, heirs: CurrentUnits, by_field: bool) -> Iterator[PartialTally]:
    """The own reports of rows that are units by themselves."""
    own: dict[int, list[tuple[int | None, str]]] = defaultdict(list)
    for place, heir in heirs:
        for source in heir.sources:
            if not heir.whole and not source.sums and source.unit == heir.unit.pk and source.undivided:
                own[source.unit].append((place, source.into))
    if not own:
        return
    monthly = reads_by_month(query, (place for several in own.values() for place, _ in several))
    only = query.one_field
    asked = _of_units(query.include, by_field, bool(only), monthly, query.added_up)
    rows = asked(sorted(own), *query.run, *only)
    for row in rows:
        unit, month, field, reported = row[:4]
        tally = tally_from_values(row[4:], reported)
        for place, tier in own[unit]:
            yield _partial_tally(query, month, tier, tally, place, field)


@cache
def _of_units(stage: str, by_field: bool, one_field: bool, monthly: bool, added_up: bool) -> PreparedQuery:
    """The question of reports unit by unit: their numbers, first and last month, and the field if asked."""

    def build(units: list[int], first: int, last: int, *only: int) -> QuerySet:
        path, rows, field, reported = _reports(stage, units, (first, last), by_field, *only)
        unit, month, handed = f"{path}unit_id", f"{path}month", path if added_up else None
        if not monthly:
            found = rows.values_list(unit, _NOTHING, field)
            return found.annotate(_reported=reported, **period_sums(month, first, last, handed))
        if not by_field:
            return rows.values_list(unit, month, field, Value(1), *counted_columns(handed).values())
        return rows.values_list(unit, month, field).annotate(_reported=reported, **column_sums(handed))

    return PreparedQuery(build, list, int, int, *([int] if one_field else []))


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
