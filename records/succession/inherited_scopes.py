"""Extends catalogue rows that name units to their successors, and takes that back when the merger is undone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import Q, QuerySet

from accounts.models import User
from ledger import log
from records.models import FieldScope, ProcedureScope
from units.models import Succession, Unit
from units.tree.rules import DraftFault, TreeRefused

ScopeRow = FieldScope | ProcedureScope
SCOPE_MODELS: tuple[type[ScopeRow], ...] = (FieldScope, ProcedureScope)
# The content of a row, besides its tier, first day and units.
_CONTENT_FIELDS = {
    FieldScope: ("field_id", "channels", "valid_until"),
    ProcedureScope: ("procedure_id", "channels", "valid_until", "online_level", "posted"),
}


SuccessionSteps = Mapping[int, list[Succession]]  # by id of the old unit


class ScopeExtension(NamedTuple):
    """A unit to add to a row; with `since` to a row of the unit's tier that begins then."""

    unit: Unit
    since: date | None


def scope_content(scope: ScopeRow) -> dict:
    """The content of a row, besides its tier, first day and units."""
    return {name: getattr(scope, name) for name in _CONTENT_FIELDS[type(scope)]}


def scopes_naming(model: type[ScopeRow], units: Iterable[int], on: date) -> QuerySet:
    """Rows that name one of these units (by id) and are valid on a day or later, with their units prefetched."""
    still = Q(valid_until=None) | Q(valid_until__gte=on)
    return (
        model.objects.filter(still, units__in=list(units)).distinct().prefetch_related("units").order_by("pk")
    )


def succession_steps(units: Iterable[int]) -> SuccessionSteps:
    """Every recorded succession from these units on. One query for each link of the longest chain."""
    steps: dict[int, list[Succession]] = defaultdict(list)
    visited: set[int] = set()
    ahead = set(units)
    while ahead:
        visited |= ahead
        latest = list(Succession.objects.filter(old__in=ahead).select_related("new").order_by("pk"))
        for link in latest:
            steps[link.old_id].append(link)
        ahead = {link.new_id for link in latest} - visited
    return steps


def scope_extensions(scope: ScopeRow, steps: SuccessionSteps) -> Iterator[ScopeExtension]:
    """The successors that a row does not name yet."""
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
            yield ScopeExtension(step.new, max(step.on, scope.valid_from) if other else None)


def successor_ids(units: Iterable[int]) -> dict[int, set[int]]:
    """Direct successors (ids) of these units and of all their successors."""
    return {old: {link.new_id for link in links} for old, links in succession_steps(units).items()}


def own_unit_ids(units: Iterable[int], followed: Mapping[int, set[int]]) -> tuple[int, ...]:
    """The units of a row without those that succeed another of them, sorted. `followed`: direct successors of each."""
    units = set(units)
    heirs = set().union(*(followed.get(unit, set()) for unit in units))
    return tuple(sorted(units - heirs))


_MAX_NAMED = 6


def extend_scopes(links: Sequence[Succession], *, by: User | None) -> None:
    """After these successions were recorded, add the successors, and theirs, to the rows that name an old unit."""
    olds, first = {link.old_id for link in links}, min(link.on for link in links)
    steps = succession_steps(olds)
    added = sum(_extend(scopes_naming(model, olds, first), steps) for model in SCOPE_MODELS)
    if added:
        log.append("catalogue.follow", by=by, subject="catalogue", detail={"added": added, "on": first})


def extend_recorded_scopes(scopes: Iterable[ScopeRow]) -> None:
    """Extend new rows to successors that were recorded earlier."""
    scopes = list(scopes)
    by_old = succession_steps({unit.pk for scope in scopes for unit in scope.units.all()})
    _extend(scopes, by_old)


def _extend(scopes: Iterable[ScopeRow], steps: SuccessionSteps) -> int:
    """Returns how many units were added."""
    added = 0
    for scope in scopes:
        for extension in scope_extensions(scope, steps):
            if extension.since is None:
                scope.units.add(extension.unit)
            else:
                _new_scope(scope, extension.unit.tier, extension.since).units.add(extension.unit)
            added += 1
    return added


def _new_scope(scope: ScopeRow, tier: str, since: date) -> ScopeRow:
    """The row with the same content for another tier and first day that names units; created where there is none."""
    model = type(scope)
    place = {"tier": tier, "valid_from": since} | scope_content(scope)
    existing = model.objects.filter(**place, units__isnull=False).order_by("pk").first()
    return existing or model.objects.create(**place)


def take_back_scopes(links: Sequence[Succession], *, staying: set[int], by: User | None) -> None:
    """Remove the new units of these successions from the rows that were extended to them.

    Errors: TreeRefused where a row was set for a new unit that goes (is not in `staying`), since it would be lost.
    """
    olds, news = {link.old_id for link in links}, {link.new_id: link.new for link in links}
    first = min(link.on for link in links)
    lost: list[str] = []
    removed = 0
    for model in SCOPE_MODELS:
        followed = list(scopes_naming(model, olds, first))
        for scope in scopes_naming(model, news, date.min):
            members = {unit.pk for unit in scope.units.all()}
            gone = {link.new_id for link in links if {link.old_id, link.new_id} <= members}
            scope.units.remove(*gone)
            removed += len(gone)
            left = members - gone
            if left <= news.keys() and any(_begins_with(row, scope, links) for row in followed):
                scope.delete()
                removed += len(left)
            else:
                lost += [_scope_label(scope, news[pk]) for pk in sorted((left & news.keys()) - staying)]
    if lost:
        more = f" và {len(lost) - _MAX_NAMED} dòng khác" if len(lost) > _MAX_NAMED else ""
        message = (
            f"Danh mục ghi riêng đơn vị mới ({'; '.join(lost[:_MAX_NAMED])}{more}): không hoàn tác được."
        )
        raise TreeRefused([DraftFault(0, "", "catalogue_named", message)])
    if removed:
        detail = {"taken": removed, "on": first}
        log.append("catalogue.undo_follow", by=by, subject="catalogue", detail=detail)


def _begins_with(scope: ScopeRow, other: ScopeRow, links: Iterable[Succession]) -> bool:
    """Whether `other` is the row that was created for a successor of another tier."""
    if scope_content(scope) != scope_content(other) or scope.tier == other.tier:
        return False
    members = {unit.pk for unit in scope.units.all()}
    return any(
        link.old_id in members
        and link.new.tier == other.tier
        and max(link.on, scope.valid_from) == other.valid_from
        for link in links
    )


def _scope_label(scope: ScopeRow, unit: Unit) -> str:
    return f"{getattr(scope, 'field', None) or scope.procedure}: {unit.name}"
