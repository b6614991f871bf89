"""Who owes a report and has none that counts. Who is expected comes from the roster, never from what arrived.

Below a large group only those branches are looked at in which fewer reported than owe it, so that naming a silent
commune of the country costs about what it costs in a district.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import add

from django.db.models import Case, Func, IntegerField, OuterRef, Q, Subquery, Sum, Value, When

from figures.completeness import Missing
from figures.periods import Month, Period
from records.models import GroupSum
from units.inheritance import Source
from units.models import Kind, Unit, UnitQuerySet, owing, subtree

from .parts import Part
from .question import Question

# A month with its first and last day.
Wanted = tuple[Month, date, date]


@dataclass(frozen=True)
class Silent:
    """A unit-month without figures in force; `unit` is its number, `path` its place in the tree and `tier` its own.

    `counted`: by today's units, the places (None: the total, else a row) that it would be part of, with the tier there.
    """

    unit: int
    path: str
    tier: str
    one: Missing
    counted: tuple[tuple[int | None, str], ...] | None = None

    @property
    def tiers(self) -> list[str]:
        """The tiers that it would count under in the total."""
        if self.counted is None:
            return [self.tier]
        return [tier for place, tier in self.counted if place is None]

    def rows(self, above: Unit) -> list[int]:
        """Numbers of the units whose rows it would be part of; `above` is the unit asked about."""
        if self.counted is None:
            return [branch(self.path, above)]
        return [place for place in dict(self.counted) if place is not None]


def branch(path: str, above: Unit) -> int:
    """The number of the unit directly below `above` on this path; of `above` itself for its own path."""
    rest = path[len(above.path) :].strip("/")
    return int(rest.split("/")[0]) if rest else above.pk


def silent(
    question: Question, months: Iterable[Month] | None = None, by_child: Iterable[Part] | None = None
) -> list[Silent]:
    """Unit-months that are expected and have nothing at the stage asked for, by month and name.

    `months` narrows it to some of the period's; `by_child` are its parts of all fields, where they are at hand.
    No query without months, else five at most.
    """
    asked = question.months if months is None else tuple(months)
    if question.today is not None:
        return _of_today(question, asked)
    spans = dict(zip(question.months, question.spans, strict=True))
    wanted = [(month, *spans[month]) for month in question.months if month in set(asked)]
    if not wanted:
        return []
    branches = _incomplete_branches(question, {month for month, _, _ in wanted}, by_child)
    units = Unit.objects.expected_within(wanted[0][1], wanted[-1][2]).filter(branches)
    if not question.external:
        units = units.exclude(kind=Kind.EXTERNAL)
    if question.tier:
        units = units.filter(tier=question.tier)
    return _silent_among(units, question, wanted)


def _of_today(question: Question, months: Sequence[Month]) -> list[Silent]:
    """The same among whose reports make up today's units, under the keys of today."""
    if not months:
        return []
    carried = question.carried
    if carried.total is None:
        found = silent(question.reported, months)
        units = Unit.objects.in_bulk({one.unit for one in found})
        return [silent_of(question, units[one.unit], one.one.month) for one in found]
    spans = dict(zip(question.months, question.spans, strict=True))
    wanted = [(month, *spans[month]) for month in question.months if month in set(months)]
    sources = _incomplete_sources(question, wanted)
    owed = Unit.objects.expected_within(wanted[0][1], wanted[-1][2])
    found = _silent_among(owed.filter(carried.within("", sources)), question, wanted)
    return [one for one in found if one.tiers]


def _silent_among(units: UnitQuerySet, question: Question, wanted: Sequence[Wanted]) -> list[Silent]:
    """Two queries: the units that lack a report, and what there is of them."""
    lacking = list(_lacking_any(units, question, wanted).order_by("folded", "pk"))
    there = _in_force(question, lacking, wanted)
    found = [
        silent_of(question, unit, month)
        for unit in lacking
        for month, start, end in wanted
        if unit.owes(start, end) and (unit.pk, month.number) not in there
    ]
    return sorted(found, key=lambda one: one.one.month)


def _incomplete_sources(question: Question, wanted: Sequence[Wanted]) -> list[Source]:
    """Units that came over one by one, and of the groups those that lack somebody in these months."""
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
    reported = {tuple(key): number for *key, number in rows}
    spans = [(start, end) for _, start, end in wanted]
    lacking = [one for one in carried.total.sources if not one.sums]
    for one in groups:
        owed = carried.expected(carried.total._replace(sources=[one]), spans)
        if any(
            sum(tiers.values()) != reported.get((one.unit, one.tier, one.external, month.number), 0)
            for (month, _, _), tiers in zip(wanted, owed, strict=True)
        ):
            lacking.append(one)
    return lacking


def silent_of(question: Question, unit: Unit, month: Month) -> Silent:
    """A month of a unit of the total as what lacks."""
    missing = Missing(unit.key_on(question.named_on), month, unit.name)
    if question.today is None:
        return Silent(unit.pk, unit.path, unit.tier, missing)
    places = tuple(place for place in question.places(unit) if question.tier in (None, place[1]))
    return Silent(unit.pk, unit.path, unit.tier, missing, places)


def _lacking_any(units: UnitQuerySet, question: Question, wanted: Sequence[Wanted]) -> UnitQuerySet:
    """Those with fewer reports than they owe: of a hundred in a branch the few that may be silent. Where units merge
    within the period thousands owe but some of its months.
    """
    reports = question.editions.filter(_within(wanted), submission__unit=OuterRef("pk"))
    # Not Count, which would group: without a report there is to be a 0.
    found = reports.order_by().values(found=Func("pk", function="COUNT", output_field=IntegerField()))
    (_, _, first_end), (_, last_start, _) = wanted[0], wanted[-1]
    each = [Case(When(owing(start, end), then=Value(1)), default=Value(0)) for _, start, end in wanted]
    # Nearly all owe every month: of those no month is looked at.
    every = When(owing(first_end, first_end) & owing(last_start, last_start), then=Value(len(wanted)))
    owed = Case(every, default=reduce(add, each), output_field=IntegerField())
    return units.alias(there=Subquery(found)).filter(there__lt=owed)


def _within(wanted: Sequence[Wanted]) -> Q:
    """Condition on editions: of these months. As a range they cost one descent of an index; one by one, one each."""
    first, last = wanted[0][0], wanted[-1][0]
    if len(Period.of(first, last).months) == len(wanted):
        return Q(submission__month__range=(first.number, last.number))
    return Q(submission__month__in=[month.number for month, _, _ in wanted])


def _in_force(question: Question, units: list[Unit], wanted: Sequence[Wanted]) -> set[tuple[int, int]]:
    """(unit number, month) of what is there."""
    editions = question.editions.filter(_within(wanted), submission__unit__in=[unit.pk for unit in units])
    return set(editions.order_by().values_list("submission__unit_id", "submission__month"))


def _incomplete_branches(question: Question, months: set[Month], by_child: Iterable[Part] | None) -> Q:
    """The unit itself, its children without children, and those child groups that lack somebody; everybody below where
    the sums of groups do not tell it.
    """
    if question.as_of is not None:
        return subtree(question.unit.path)
    branches = Q(pk__in=list(question.near))
    if not question.child_groups:
        return branches
    reported = _reported(question, months) if by_child is None else _added_up(by_child, months)
    for child, expected in question.expected_by_child.items():
        if child.has_children and any(
            reported[child.pk, month, tier] != number
            for month, tiers in zip(question.months, expected, strict=True)
            if month in months
            for tier, number in tiers.items()
        ):
            branches |= subtree(child.path)
    return branches


# How many reported, by number of a child, month and tier.
Reported = Mapping[tuple[int | None, Month, str], int]


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
