"""Catalogue rows that name units, and how they follow when these are succeeded (docs/decisions/0024).

A row goes on for the successor: its number is added to those that the row names, which changes nothing of any earlier
month, since it opens only then. Where the row is of one tier and the successor of another, a row of that tier begins.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from django.db.models import Q, QuerySet

from records.models import FieldScope, ProcedureScope
from units.models import Succession, Unit

Scope = FieldScope | ProcedureScope
MODELS: tuple[type[Scope], ...] = (FieldScope, ProcedureScope)
# What a row says besides its tier, days and units.
_SAYS = {
    FieldScope: ("field_id", "channels", "valid_until"),
    ProcedureScope: ("procedure_id", "channels", "valid_until", "online_level", "posted"),
}


Steps = Mapping[int, list[Succession]]  # by number of the old unit


class Turn(NamedTuple):
    """A row names one more unit; with `since` not the row itself, but one of the unit's tier that begins then."""

    unit: Unit
    since: date | None


def said(scope: Scope) -> dict:
    """What a row says besides its tier, first day and units."""
    return {name: getattr(scope, name) for name in _SAYS[type(scope)]}


def named(model: type[Scope], units: Iterable[int], on: date) -> QuerySet:
    """Rows that name one of these units (by number) and are valid on a day or later, with all units that they name."""
    still = Q(valid_until=None) | Q(valid_until__gte=on)
    return (
        model.objects.filter(still, units__in=list(units)).distinct().prefetch_related("units").order_by("pk")
    )


def steps_from(units: Iterable[int]) -> Steps:
    """Every recorded step from these units on, along the whole chain. A query for each link of the longest chain."""
    found: dict[int, list[Succession]] = defaultdict(list)
    seen: set[int] = set()
    ahead = set(units)
    while ahead:
        seen |= ahead
        latest = list(Succession.objects.filter(old__in=ahead).select_related("new").order_by("pk"))
        for one in latest:
            found[one.old_id].append(one)
        ahead = {one.new_id for one in latest} - seen
    return found


def turns(scope: Scope, steps: Steps) -> Iterator[Turn]:
    """The units that a row has to name too."""
    members = {unit.pk for unit in scope.units.all()}
    ahead = sorted(members)
    while ahead:
        for step in steps.get(ahead.pop(), ()):
            over = scope.valid_until is not None and scope.valid_until < step.on
            if over or step.new.pk in members:
                continue
            members.add(step.new.pk)
            ahead.append(step.new.pk)
            other = scope.tier and scope.tier != step.new.tier
            yield Turn(step.new, max(step.on, scope.valid_from) if other else None)


def successors_of(units: Iterable[int]) -> dict[int, set[int]]:
    """The direct successors (numbers) of these units and of theirs, along the whole chain."""
    return {old: {one.new_id for one in links} for old, links in steps_from(units).items()}


def own(units: Iterable[int], followed: Mapping[int, set[int]]) -> tuple[int, ...]:
    """Of the units that a row names those that it names by itself, in order: no successor of another one of them.
    `followed`: the direct successors of each.
    """
    units = set(units)
    heirs = set().union(*(followed.get(unit, set()) for unit in units))
    return tuple(sorted(units - heirs))
