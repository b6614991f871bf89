"""Who owes a report and has none that counts. Who is expected comes from the roster, never from what arrived.

Below a large group only those branches are looked at in which fewer reported than owe it, so that naming a silent
commune of the country costs about what it costs in a district.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Func, IntegerField, OuterRef, Q, Subquery, Sum

from figures.completeness import Missing
from figures.periods import Month
from records.models import GroupSum
from units.models import Kind, Unit, UnitQuerySet, subtree

from .parts import Part
from .question import Question


@dataclass(frozen=True)
class Silent:
    """A unit-month without figures in force; `unit` is its number and `path` its place in the tree."""

    unit: int
    path: str
    tier: str
    one: Missing

    def branch_of(self, above: Unit) -> int:
        """The number of the unit directly below `above` that it belongs to; of `above` itself for that."""
        return branch(self.path, above)


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
    numbers = [month.number for month, _, _ in wanted]
    units = list(_lacking_any(units, question, numbers).order_by("folded", "pk"))
    there = _in_force(question, units, numbers)
    found = [
        _silent(question, unit, month)
        for unit in units
        for month, start, end in wanted
        if unit.owes(start, end) and (unit.pk, month.number) not in there
    ]
    return sorted(found, key=lambda one: one.one.month)


def _silent(question: Question, unit: Unit, month: Month) -> Silent:
    return Silent(unit.pk, unit.path, unit.tier, Missing(unit.key_on(question.end), month, unit.name))


def _lacking_any(units: UnitQuerySet, question: Question, months: list[int]) -> UnitQuerySet:
    """Those with fewer reports than months: of a hundred in a branch the few that may be silent."""
    reports = question.editions.filter(submission__unit=OuterRef("pk"), submission__month__in=months)
    # Not Count, which would group: without a report there is to be a 0.
    found = reports.order_by().values(found=Func("pk", function="COUNT", output_field=IntegerField()))
    return units.alias(there=Subquery(found)).filter(there__lt=len(months))


def _in_force(question: Question, units: list[Unit], months: list[int]) -> set[tuple[int, int]]:
    """(unit number, month) of what is there."""
    editions = question.editions.filter(
        submission__month__in=months, submission__unit__in=[unit.pk for unit in units]
    )
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
