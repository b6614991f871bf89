"""Who owes a report and has none that counts. Who is expected comes from the roster, never from what arrived.

Which reports lack is noted with the sums, so that naming the silent of the country costs about what is named. The notes
are believed where as many are noted as lack by the sums; else branches in which more lack than that are looked at.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models import Q, Sum

from figures.completeness import Missing
from figures.periods import Month
from records.models import GroupSum
from units.inheritance import Source
from units.light import LightUnit
from units.models import Kind, Unit, UnitQuerySet, subtree

from .lacking import lacking
from .noted import Lack, Wanted, noted
from .parts import Part
from .question import Question

# How many reported, by number of a child, month and tier.
Reported = Mapping[tuple[int | None, Month, str], int]


class Silent(NamedTuple):
    """A unit-month without figures in force; `unit` is its number, `path` its place in the tree and `tier` its own.

    `counted`: the tier that it would count under in the total; None where it is but part of rows. `places`: by today's
    units, the numbers of those whose rows it would be part of.
    """

    unit: int
    path: str
    tier: str
    one: Missing
    counted: str | None
    places: tuple[int, ...] | None = None

    def rows(self, above: Unit) -> Sequence[int]:
        """Numbers of the units whose rows it would be part of; `above` is the unit asked about."""
        return (branch(self.path, above),) if self.places is None else self.places


def branch(path: str, above: Unit) -> int:
    """The number of the unit directly below `above` on this path; of `above` itself for its own path."""
    below = path[len(above.path) :].partition("/")[0]
    return int(below) if below else above.pk


def silent(
    question: Question,
    months: Iterable[Month] | None = None,
    by_child: Iterable[Part] | None = None,
    number: int | None = None,
) -> list[Silent]:
    """Unit-months that are expected and have nothing at the stage asked for, by month and name.

    `months` narrows it to some of the period's; `by_child` are its parts of all fields, where they are at hand;
    `number` is how many lack by the sums, so that it is seen at once whether all of them were noted.
    No query without months, one where all were noted, else six at most.
    """
    asked = set(question.months if months is None else months)
    spans = zip(question.months, question.spans, strict=True)
    wanted = [(month, *span) for month, span in spans if month in asked]
    if not wanted:
        return []
    among = question
    if question.today is not None and question.carried.total is None:
        among, by_child = question.reported, None
    known = [] if among.as_of is not None else _told(question, noted(among, wanted))
    if number is None or number != len(known):
        seen = {(unit.pk, one.one.month) for unit, one in known}
        found = lacking(_looked_at(among, wanted, by_child, known), among, wanted)
        known += _told(question, (lack for lack in found if (lack[0].pk, lack[1]) not in seen))
    known.sort(key=lambda pair: (pair[1].one.month.number, pair[0].folded, pair[0].pk))
    return [one for _, one in known]


# A unit that is silent, and what is told of it.
_Known = tuple[LightUnit, Silent]


def _told(question: Question, lacks: Iterable[Lack]) -> list[_Known]:
    """Those that are part of the total."""
    found = ((unit, silent_of(question, unit, month)) for unit, month in lacks)
    return [pair for pair in found if pair[1].counted is not None]


def _looked_at(
    question: Question, wanted: Sequence[Wanted], by_child: Iterable[Part] | None, known: Sequence[_Known]
) -> UnitQuerySet:
    """The units among which there are some that nothing was noted of."""
    if question.today is None:
        return _of_reported(question, wanted, by_child, known)
    return _of_today(question, wanted, known)


def _of_reported(
    question: Question, wanted: Sequence[Wanted], by_child: Iterable[Part] | None, known: Sequence[_Known]
) -> UnitQuerySet:
    there: Reported = Counter((branch(one.path, question.unit), one.one.month, one.tier) for _, one in known)
    branches = _incomplete_branches(question, {month for month, _, _ in wanted}, by_child, there)
    units = Unit.objects.expected_within(wanted[0][1], wanted[-1][2]).filter(branches)
    if not question.external:
        units = units.exclude(kind=Kind.EXTERNAL)
    return units.filter(tier=question.tier) if question.tier else units


def _of_today(question: Question, wanted: Sequence[Wanted], known: Sequence[_Known]) -> UnitQuerySet:
    """The same among whose reports make up today's units."""
    sources = _incomplete_sources(question, wanted, known)
    owed = Unit.objects.expected_within(wanted[0][1], wanted[-1][2])
    return owed.filter(question.carried.within("", sources))


def _incomplete_sources(
    question: Question, wanted: Sequence[Wanted], known: Sequence[_Known]
) -> list[Source]:
    """Units that came over one by one, and of the groups those that lack somebody in these months who is not known."""
    carried = question.carried
    groups = [one for one in carried.total.sources if one.sums]
    if not groups:
        return list(carried.total.sources)
    sums = GroupSum.objects.filter(
        group__in=[one.unit for one in groups],
        month__in=[month.number for month, _, _ in wanted],
        stage=question.include,
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
    lacking = [one for one in carried.total.sources if not one.sums]
    for one in groups:
        owed = carried.expected(carried.total._replace(sources=[one]), spans)
        if any(
            sum(tiers.values()) != there[one.unit, one.tier, one.external, month.number]
            for (month, _, _), tiers in zip(wanted, owed, strict=True)
        ):
            lacking.append(one)
    return lacking


def silent_of(question: Question, unit: Unit | LightUnit, month: Month) -> Silent:
    """A month of a unit of the total as what lacks."""
    missing = Missing(unit.key_on(question.named_on), month, unit.name)
    if question.today is None:
        return Silent(unit.pk, unit.path, unit.tier, missing, unit.tier)
    places = question.places(unit)
    if question.tier:
        places = {place: tier for place, tier in places.items() if tier == question.tier}
    counted = places.pop(None, None)
    return Silent(unit.pk, unit.path, unit.tier, missing, counted, tuple(places))


def _incomplete_branches(
    question: Question, months: set[Month], by_child: Iterable[Part] | None, known: Reported
) -> Q:
    """The unit itself, its children without children, and those child groups that lack somebody who is not known;
    everybody below where the sums of groups do not tell it.
    """
    if question.as_of is not None:
        return subtree(question.unit.path)
    branches = Q(pk__in=list(question.near))
    if not question.child_groups:
        return branches
    reported = _reported(question, months) if by_child is None else _added_up(by_child, months)
    for child, expected in question.expected_by_child.items():
        if child.has_children and any(
            reported[child.pk, month, tier] + known[child.pk, month, tier] != number
            for month, tiers in zip(question.months, expected, strict=True)
            if month in months
            for tier, number in tiers.items()
        ):
            branches |= subtree(child.path)
    return branches


def _added_up(by_child: Iterable[Part], months: set[Month]) -> Reported:
    numbers = {month.number for month in months}
    reported: Reported = Counter()
    for part in by_child:
        if part.month.number in numbers:
            reported[part.child, part.month, part.tier] += part.tally.reported
    return reported


def _reported(question: Question, months: set[Month]) -> Reported:
    sums = GroupSum.objects.filter(
        group__in=question.child_groups,
        month__in=[month.number for month in months],
        stage=question.include,
        field=None,
    )
    if not question.external:
        sums = sums.filter(external=False)
    rows = sums.order_by().values_list("group_id", "month", "tier").annotate(Sum("reported"))
    months_of = question.by_number
    return Counter({(group, months_of[month], tier): number for group, month, tier, number in rows})
