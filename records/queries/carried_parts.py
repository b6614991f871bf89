"""Parts of figures by today's units: sums of the groups that came over wholly, and units one by one where they did not.

The rows of one unit that was not divided are added up by the database over the mapping (units.Inherited, joined once);
what was split is read by field and divided (records.queries.divided).
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, IntegerField, Q, QuerySet, Value

from records.models import DossierCount, GroupSum
from units.models import subtree

from .carried import WHOLE, Heirs
from .divided import divided
from .question import Part, Question
from .rows import COLUMNS, Total, tally_in, totals

_NOTHING = Value(None, IntegerField())
# Place (None: the total) and tier under which a source counts there; an empty one leaves it its own.
_Places = list[tuple[int | None, str]]


def parts(question: Question, *, by_child: bool, by_field: bool, only: int | None) -> Iterator[Part]:
    """All parts: those of the total without a child, and those of each row. A total that is the reported one is not
    among them.
    """
    heirs = question.carried.heirs(by_child)
    for part in (
        *_of_groups(question, heirs, by_field, only),
        *_of_single(question, heirs, by_field, only),
        *_of_itself(question, heirs, by_field, only),
        *divided(question, heirs, by_field, only),
    ):
        if question.tier in (None, part.tier):
            yield part


def _of_groups(question: Question, heirs: Heirs, by_field: bool, only: int | None) -> Iterator[Part]:
    places: dict[tuple[int, str, bool], _Places] = defaultdict(list)
    for place, heir in heirs:
        for one in heir.sources:
            if one.sums:
                places[one.unit, one.tier, one.external].append((place, one.into))
    if not places:
        return
    which: dict[str, Any] = {"month__range": question.run, "stage": question.include}
    which |= {"field__isnull": not by_field} if only is None else {"field": only}
    if not question.external:
        which["external"] = False
    rows = GroupSum.objects.order_by().filter(_of_kinds(places), **which)
    # Without rows the database adds up everything of a tier, unless it counts under two.
    whole = all(place is None for place, _ in heirs)
    into = {tier: into for (_, tier, _), several in places.items() for _, into in several}
    together = whole and all(into[tier] == several[0][1] for (_, tier, _), several in places.items())
    if together:
        field = "field_id" if by_field else _NOTHING
        added = rows.values_list("month", "tier", field).annotate(_reported=Total("reported"), **totals())
        for month, tier, field, reported, *numbers in added:
            yield Part(question.by_number[month], into[tier], tally_in(numbers, reported), None, field)
        return
    each = rows.values_list("group_id", "month", "tier", "external", "field_id", "reported", *COLUMNS)
    for group, month, tier, external, field, reported, *numbers in each:
        tally = tally_in(numbers, reported)
        for key in ((group, tier, external), (group, "", False)):
            for place, into in places.get(key, ()):
                yield Part(question.by_number[month], into or tier, tally, place, field)


def _of_kinds(places: dict[tuple[int, str, bool], _Places]) -> Q:
    """Condition on group sums: as few lists of groups as there are kinds of them."""
    groups: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for group, tier, external in places:
        groups[tier, external].append(group)
    found = Q()
    for (tier, external), numbers in groups.items():
        kind = {"tier": tier, "external": external} if tier else {}
        found |= Q(group__in=numbers, **kind)
    return found


def _of_single(question: Question, heirs: Heirs, by_field: bool, only: int | None) -> Iterator[Part]:
    """Units that came over undivided, added up by heir in the database."""
    wanted: dict[tuple[int, bool], list[int | None]] = defaultdict(list)
    numbers: set[int] = set()
    carried = question.carried
    for place, heir in heirs:
        single = {
            one.unit
            for one in heir.sources
            if not one.sums and one.share == WHOLE and (heir.whole or one.unit != heir.unit.pk)
        }
        if single:
            wanted[heir.unit.pk, heir.whole].append(place)
            numbers |= single
    if not numbers:
        return
    mapping = Q(whole=True, sums=False, heir__in=[pk for pk, whole in wanted if whole])
    mapping |= Q(whole=False, heir__in=[pk for pk, whole in wanted if not whole])
    if carried.over:
        mapping &= subtree(carried.unit.path, "source__path")
    elif not question.external:
        mapping &= Q(external=False)
    mapping &= Q(share="1", since__lte=carried.day, until__gte=carried.day)
    # A unit that is over is told in its own tiers and kinds, others in today's.
    tier = "tier" if carried.over else "into"
    for month, heir, whole, into, field, reported, *values in _added_up(
        question, sorted(numbers), mapping, tier, by_field, only
    ):
        for place in wanted.get((heir, whole), ()):
            tally = tally_in(values, reported)
            yield Part(question.by_number[month], into, tally, place, field)


def _added_up(
    question: Question, numbers: list[int], mapping: Q, tier: str, by_field: bool, only: int | None
) -> QuerySet:
    editions = question.editions.filter(
        submission__unit__in=numbers, submission__month__range=question.run
    ).order_by()
    if not by_field:
        path = "submission__"
        rows, field, reported = editions, _NOTHING, Count("pk")
    else:
        path, field = "edition__submission__", "field_id"
        rows = DossierCount.objects.order_by().filter(edition__in=editions)
        rows = rows if only is None else rows.filter(field=only)
        # A field reported by procedure counts once, when any of its rows holds a number.
        reported = Count("edition", distinct=True, filter=Q(answered=True))
    over = f"{path}unit__inherited_by__"
    columns = (f"{path}month", f"{over}heir_id", f"{over}whole", f"{over}{tier}", field)
    return rows.filter(_under(over, mapping)).values_list(*columns).annotate(_reported=reported, **totals())


def _under(prefix: str, condition: Q) -> Q:
    """The same condition on the columns of a table that is joined under a prefix."""
    found = Q(_connector=condition.connector, _negated=condition.negated)
    for child in condition.children:
        part = _under(prefix, child) if isinstance(child, Q) else Q((f"{prefix}{child[0]}", child[1]))
        found.add(part, condition.connector)
    return found


def _of_itself(question: Question, heirs: Heirs, by_field: bool, only: int | None) -> Iterator[Part]:
    """The own reports of rows that are units by themselves, month by month."""
    own: dict[int, list[tuple[int | None, str]]] = defaultdict(list)
    for place, heir in heirs:
        for one in heir.sources:
            if not heir.whole and not one.sums and one.unit == heir.unit.pk and one.share == WHOLE:
                own[one.unit].append((place, one.into))
    if not own:
        return
    editions = question.editions.filter(
        submission__unit__in=sorted(own), submission__month__range=question.run
    ).order_by()
    paths = ("submission__month", "submission__unit_id")
    if not by_field:
        rows = ((*row[:2], None, 1, row[2:]) for row in editions.values_list(*paths, *COLUMNS))
    else:
        counts = DossierCount.objects.order_by().filter(edition__in=editions)
        counts = counts if only is None else counts.filter(field=only)
        answered = Count("edition", distinct=True, filter=Q(answered=True))
        found = counts.values_list(*(f"edition__{path}" for path in paths), "field_id")
        rows = ((*row[:3], row[3], row[4:]) for row in found.annotate(_reported=answered, **totals()))
    for month, unit, field, reported, numbers in rows:
        tally = tally_in(numbers, reported)
        for place, tier in own[unit]:
            yield Part(question.by_number[month], tier, tally, place, field)
