"""Who owes a report and has none that counts. Who is expected comes from the roster, never from what arrived.

Below a large group only those branches are looked at in which fewer reported than owe it, so that naming a silent
commune of the country costs about what it costs in a district.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, Sum

from figures.completeness import Missing
from figures.periods import Month
from records.models import GroupSum
from units.models import Unit, subtree
from units.queries import expected_under

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


def silent(question: Question, months: Iterable[Month] | None = None) -> list[Silent]:
    """Unit-months that are expected and have nothing at the stage asked for, by month and name.

    `months` narrows it to some of the period's. No query without months, else six at most.
    """
    asked = question.months if months is None else tuple(months)
    spans = dict(zip(question.months, question.spans, strict=True))
    wanted = [(month, *spans[month]) for month in question.months if month in set(asked)]
    if not wanted:
        return []
    branches = _incomplete_branches(question, [month for month, _, _ in wanted])
    units = expected_under(question.unit, wanted[0][1], wanted[-1][2], external=question.external)
    if question.tier:
        units = units.filter(tier=question.tier)
    units = units.filter(branches)
    candidates = list(units.with_until().order_by("folded", "pk").values_list("pk", "active_from", "until"))
    there = _in_force(question, [pk for pk, _, _ in candidates], [month.number for month, _, _ in wanted])
    owing = [
        (pk, month)
        for pk, since, until in candidates
        for month, start, end in wanted
        if since <= end and (until is None or until >= start) and (pk, month.number) not in there
    ]
    named = Unit.objects.in_bulk({pk for pk, _ in owing}) if owing else {}
    found = [_silent(question, named[pk], month) for pk, month in owing]
    return sorted(found, key=lambda one: one.one.month)


def _silent(question: Question, unit: Unit, month: Month) -> Silent:
    return Silent(unit.pk, unit.path, unit.tier, Missing(unit.key_on(question.end), month, unit.name))


def _in_force(question: Question, units: list[int], months: list[int]) -> set[tuple[int, int]]:
    """(unit number, month) of what is there."""
    editions = question.editions.filter(submission__month__in=months, submission__unit__in=units)
    return set(editions.order_by().values_list("submission__unit_id", "submission__month"))


def _incomplete_branches(question: Question, months: list[Month]) -> Q:
    """The unit itself, its children without children, and those child groups that lack somebody; everybody below where
    the sums of groups do not tell it.
    """
    unit = question.unit
    if question.as_of is not None:
        return subtree(unit.path)
    near = Q(pk=unit.pk) | Q(parent=unit, has_children=False)
    if not unit.has_children:
        return near
    sums = GroupSum.objects.filter(
        group__in=question.child_groups,
        month__in=[month.number for month in months],
        stage=question.include,
        field=None,
    )
    if not question.external:
        sums = sums.filter(external=False)
    rows = sums.order_by().values_list("group_id", "month", "tier").annotate(Sum("reported"))
    reported = Counter({(group, month, tier): number for group, month, tier, number in rows})
    for child, expected in question.expected_by_child.items():
        if child.has_children and any(
            reported[child.pk, month.number, tier] != number
            for month, tiers in zip(question.months, expected, strict=True)
            if month in months
            for tier, number in tiers.items()
        ):
            near |= subtree(child.path)
    return near
