"""Parts of figures by today's units: sums of the groups that came over wholly, and units one by one where they did not.

The rows of one unit that was not divided are added up by the database over the mapping (units.Inherited, joined once),
for rows also over the months; what was split is read by field and divided (records.queries.divided).
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import chain
from typing import Any

from django.db.models import Count, IntegerField, Q, QuerySet, Value

from figures.counts import Tally
from records.models import DossierCount, Edition
from units.compiled import Compiled

from .carried import Heirs
from .carried_groups import by_month, of_groups
from .divided import divided
from .question import Part, Question
from .rows import counted, tally_in, totals, totals_over

_NOTHING = Value(None, IntegerField())


def parts(question: Question, *, by_child: bool, by_field: bool, only: int | None) -> Iterator[Part]:
    """All parts: those of the total without a child, and those of each row. A total that is the reported one is not
    among them.
    """
    heirs = question.carried.heirs(by_child)
    for part in (
        *of_groups(question, heirs, by_field, only),
        *_of_single(question, heirs, by_field, only),
        *_of_itself(question, heirs, by_field, only),
        *divided(question, heirs, by_field, only),
    ):
        if question.tier in (None, part.tier):
            yield part


def _of_single(question: Question, heirs: Heirs, by_field: bool, only: int | None) -> Iterator[Part]:
    """Units that came over undivided, added up by heir in the database."""
    wanted: dict[tuple[int, bool], list[int | None]] = defaultdict(list)
    numbers: set[int] = set()
    carried = question.carried
    for place, heir in heirs:
        single = {
            one.unit
            for one in heir.sources
            if not one.sums and one.undivided and (heir.whole or one.unit != heir.unit.pk)
        }
        if single:
            wanted[heir.unit.pk, heir.whole].append(place)
            numbers |= single
    if not numbers:
        return
    monthly = by_month(question, chain.from_iterable(wanted.values()))
    asked = _added_up_by_heir(
        question.include,
        carried.over,
        question.external,
        by_field,
        only is not None,
        monthly,
        question.added_up,
    )
    rows = asked(
        sorted(numbers) if carried.over or by_field else [],
        [pk for pk, whole in wanted if whole],
        [pk for pk, whole in wanted if not whole],
        *question.run,
        carried.day,
        *([] if only is None else [only]),
    )
    for row in rows:
        heir, whole, month, into, field, reported = row[:6]
        for place in wanted.get((heir, whole), ()):
            yield _part(question, month, into, tally_in(row[6:], reported), place, field)


@cache
def _added_up_by_heir(
    stage: str, over: bool, external: bool, by_field: bool, one_field: bool, monthly: bool, added_up: bool
) -> Compiled:
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
        sums = totals(handed) if monthly else totals_over(f"{path}month", first, last, handed)
        return found.annotate(_reported=reported, **sums)

    return Compiled(build, list, list, list, int, int, date, *([int] if one_field else []))


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


def _of_itself(question: Question, heirs: Heirs, by_field: bool, only: int | None) -> Iterator[Part]:
    """The own reports of rows that are units by themselves."""
    own: dict[int, list[tuple[int | None, str]]] = defaultdict(list)
    for place, heir in heirs:
        for one in heir.sources:
            if not heir.whole and not one.sums and one.unit == heir.unit.pk and one.undivided:
                own[one.unit].append((place, one.into))
    if not own:
        return
    monthly = by_month(question, (place for several in own.values() for place, _ in several))
    asked = _of_units(question.include, by_field, only is not None, monthly, question.added_up)
    rows = asked(sorted(own), *question.run, *([] if only is None else [only]))
    for row in rows:
        unit, month, field, reported = row[:4]
        tally = tally_in(row[4:], reported)
        for place, tier in own[unit]:
            yield _part(question, month, tier, tally, place, field)


@cache
def _of_units(stage: str, by_field: bool, one_field: bool, monthly: bool, added_up: bool) -> Compiled:
    """The question of reports unit by unit: their numbers, first and last month, and the field if asked."""

    def build(units: list[int], first: int, last: int, *only: int) -> QuerySet:
        path, rows, field, reported = _reports(stage, units, (first, last), by_field, *only)
        unit, month, handed = f"{path}unit_id", f"{path}month", path if added_up else None
        if not monthly:
            found = rows.values_list(unit, _NOTHING, field)
            return found.annotate(_reported=reported, **totals_over(month, first, last, handed))
        if not by_field:
            return rows.values_list(unit, month, field, Value(1), *counted(handed).values())
        return rows.values_list(unit, month, field).annotate(_reported=reported, **totals(handed))

    return Compiled(build, list, int, int, *([int] if one_field else []))


def _part(
    question: Question,
    month: int | None,
    tier: str | None,
    tally: Tally,
    place: int | None,
    field: int | None,
) -> Part:
    if month is None:
        return Part(None, "", tally, place, field)
    return Part(question.by_number[month], tier, tally, place, field)
