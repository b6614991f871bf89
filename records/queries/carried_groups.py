"""Parts of figures by today's units from the sums of groups that came over wholly: what the database can add up for
what is shown, it adds up. One query.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from django.db.models import IntegerField, Q, QuerySet, Value

from records.models import GroupSum
from units.compiled import Compiled

from .carried import Heirs
from .question import Part, Question
from .rows import COLUMNS, Total, tally_in, totals, totals_over

_Kind = tuple[str, bool]  # tier ("": every one), external
# By group and kind: place (None: the total) and tier under which it counts there; an empty one leaves it its own.
_Places = Mapping[tuple[int, str, bool], list[tuple[int | None, str]]]
_Way = Callable[[Question, _Places, Iterable[tuple]], Iterator[Part]]


def of_groups(question: Question, heirs: Heirs, by_field: bool, only: int | None) -> Iterator[Part]:
    """All parts that come from groups, month by month or over the period (`by_month`)."""
    places = defaultdict(list)
    for place, heir in heirs:
        for one in heir.sources:
            if one.sums:
                places[one.unit, one.tier, one.external].append((place, one.into))
    if not places:
        return iter(())
    groups: dict[_Kind, list[int]] = defaultdict(list)
    for group, tier, external in places:
        groups[tier, external].append(group)
    kinds, way = tuple(sorted(groups)), _way(question, places)
    asked = _group_sums(kinds, question.include, question.external, by_field, only is not None, way)
    rows = asked(*(groups[kind] for kind in kinds), *question.run, *([] if only is None else [only]))
    return way(question, places, rows)


def by_month(question: Question, places: Iterable[int | None]) -> bool:
    """Whether parts are read month by month: a total (None) is told so. Rows are told over the whole period, unless
    they are narrowed to a tier.
    """
    return question.tier is not None or None in places


def _way(question: Question, places: _Places) -> _Way:
    """How far the sums are added up by the database."""
    rows: dict[int, list] = {}
    if not by_month(question, [place for several in places.values() for place, _ in several]):
        found = [(group, [place for place, _ in several]) for (group, _, _), several in places.items()]
        rows.update(found)
        # Everything of a group goes to the same rows.
        return _over_period if all(rows[group] == several for group, several in found) else _one_by_one
    into = _into(places)
    alone = all(several == [(None, into[tier])] for (_, tier, _), several in places.items())
    return _of_total if alone else _one_by_one


def _into(places: _Places) -> dict[str, str]:
    return {tier: into for (_, tier, _), several in places.items() for _, into in several}


def _of_total(question: Question, places: _Places, rows: Iterable[tuple]) -> Iterator[Part]:
    """Of the total alone, where no tier counts under two: each month and tier over all groups."""
    into = _into(places)
    for month, tier, field, reported, *numbers in rows:
        yield Part(question.by_number[month], into[tier], tally_in(numbers, reported), None, field)


def _over_period(question: Question, places: _Places, rows: Iterable[tuple]) -> Iterator[Part]:
    """Of rows alone: each group over its kinds and the months of the period."""
    several = {group: found for (group, _, _), found in places.items()}
    for group, field, reported, *numbers in rows:
        tally = tally_in(numbers, reported)
        for place, _ in several[group]:
            yield Part(None, "", tally, place, field)


def _one_by_one(question: Question, places: _Places, rows: Iterable[tuple]) -> Iterator[Part]:
    """Of a total and rows at once, or of what goes to several places by its kind."""
    months = question.by_number
    for row in rows:
        group, month, tier, external, field, reported = row[:6]
        tally = tally_in(row[6:], reported)
        for key in ((group, tier, external), (group, "", False)):
            for place, into in places.get(key, ()):
                yield Part(months[month], into or tier, tally, place, field)


@cache
def _group_sums(
    kinds: tuple[_Kind, ...], stage: str, external: bool, by_field: bool, one_field: bool, way: _Way
) -> Compiled:
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
            return rows.values_list("group_id", "month", "tier", "external", "field_id", "reported", *COLUMNS)
        field = "field_id" if by_field else Value(None, IntegerField())
        if way is _of_total:
            found, sums = rows.values_list("month", "tier", field), totals()
        else:
            found, sums = rows.values_list("group_id", field), totals_over("month", first, last)
        return found.annotate(_reported=Total("reported"), **sums)

    return Compiled(build, *([list] * len(kinds)), int, int, *([int] if one_field else []))
