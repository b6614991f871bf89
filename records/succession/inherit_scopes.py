"""Catalogue rows that name units are extended to their successors, and taken back when the merger is undone."""

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
# What a row says besides its tier, days and units.
_CONTENT_FIELDS = {
    FieldScope: ("field_id", "channels", "valid_until"),
    ProcedureScope: ("procedure_id", "channels", "valid_until", "online_level", "posted"),
}


SuccessionSteps = Mapping[int, list[Succession]]  # by number of the old unit


class ScopeExtension(NamedTuple):
    """A row names one more unit; with `since` not the row itself, but one of the unit's tier that begins then."""

    unit: Unit
    since: date | None


def scope_content(scope: ScopeRow) -> dict:
    """What a row says besides its tier, first day and units."""
    return {name: getattr(scope, name) for name in _CONTENT_FIELDS[type(scope)]}


def scopes_naming(model: type[ScopeRow], units: Iterable[int], on: date) -> QuerySet:
    """Rows that name one of these units (by number) and are valid on a day or later, with all units that they name."""
    still = Q(valid_until=None) | Q(valid_until__gte=on)
    return (
        model.objects.filter(still, units__in=list(units)).distinct().prefetch_related("units").order_by("pk")
    )


def succession_steps(units: Iterable[int]) -> SuccessionSteps:
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


def scope_extensions(scope: ScopeRow, steps: SuccessionSteps) -> Iterator[ScopeExtension]:
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
            yield ScopeExtension(step.new, max(step.on, scope.valid_from) if other else None)


def successor_ids(units: Iterable[int]) -> dict[int, set[int]]:
    """The direct successors (numbers) of these units and of theirs, along the whole chain."""
    return {old: {link.new_id for link in links} for old, links in succession_steps(units).items()}


def own_unit_ids(units: Iterable[int], followed: Mapping[int, set[int]]) -> tuple[int, ...]:
    """Of the units that a row names those that it names by itself, in order: no successor of another one of them.
    `followed`: the direct successors of each.
    """
    units = set(units)
    heirs = set().union(*(followed.get(unit, set()) for unit in units))
    return tuple(sorted(units - heirs))


_MAX_NAMED = 6


def extend_scopes(links: Sequence[Succession], *, by: User | None) -> None:
    """These successions were recorded: rows that name an old unit name its successors too, from their first days on,
    and those of the successors that were recorded before.
    """
    olds, first = {one.old_id for one in links}, min(link.on for link in links)
    steps = succession_steps(olds)
    added = sum(_extend(scopes_naming(model, olds, first), steps) for model in SCOPE_MODELS)
    if added:
        log.append("catalogue.follow", by=by, subject="catalogue", detail={"added": added, "on": first})


def extend_recorded_scopes(scopes: Iterable[ScopeRow]) -> None:
    """New rows follow what was recorded before them."""
    scopes = list(scopes)
    by_old = succession_steps({unit.pk for scope in scopes for unit in scope.units.all()})
    _extend(scopes, by_old)


def _extend(scopes: Iterable[ScopeRow], steps: SuccessionSteps) -> int:
    """How many units were added to a row."""
    added = 0
    for scope in scopes:
        for turn in scope_extensions(scope, steps):
            if turn.since is None:
                scope.units.add(turn.unit)
            else:
                _new_scope(scope, turn.unit.tier, turn.since).units.add(turn.unit)
            added += 1
    return added


def _new_scope(scope: ScopeRow, tier: str, since: date) -> ScopeRow:
    """The row of another tier that says the same from a day on of units that it names."""
    model = type(scope)
    place = {"tier": tier, "valid_from": since} | scope_content(scope)
    kept = model.objects.filter(**place, units__isnull=False).order_by("pk").first()
    return kept or model.objects.create(**place)


def take_back_scopes(links: Sequence[Succession], *, staying: set[int], by: User | None) -> None:
    """The new units of these successions are to be gone, save those that stay: rows that followed name the old ones
    alone again.

    Errors: Refused where a row names by itself a new unit that goes, which would be lost.
    """
    olds, news = {one.old_id for one in links}, {link.new_id: link.new for link in links}
    first = min(link.on for link in links)
    lost: list[str] = []
    taken = 0
    for model in SCOPE_MODELS:
        followed = list(scopes_naming(model, olds, first))
        for scope in scopes_naming(model, news, date.min):
            members = {unit.pk for unit in scope.units.all()}
            gone = {link.new_id for link in links if {link.old_id, link.new_id} <= members}
            scope.units.remove(*gone)
            taken += len(gone)
            left = members - gone
            if left <= news.keys() and any(_begins_with(one, scope, links) for one in followed):
                scope.delete()
                taken += len(left)
            else:
                lost += [_log_words(scope, news[pk]) for pk in sorted((left & news.keys()) - staying)]
    if lost:
        more = f" và {len(lost) - _MAX_NAMED} dòng khác" if len(lost) > _MAX_NAMED else ""
        message = (
            f"Danh mục ghi riêng đơn vị mới ({'; '.join(lost[:_MAX_NAMED])}{more}): không hoàn tác được."
        )
        raise TreeRefused([DraftFault(0, "", "catalogue_named", message)])
    if taken:
        log.append("catalogue.undo_follow", by=by, subject="catalogue", detail={"taken": taken, "on": first})


def _begins_with(scope: ScopeRow, other: ScopeRow, links: Iterable[Succession]) -> bool:
    """Whether the other row is what began for a successor of another tier than this row's."""
    if scope_content(scope) != scope_content(other) or scope.tier == other.tier:
        return False
    members = {unit.pk for unit in scope.units.all()}
    return any(
        link.old_id in members
        and link.new.tier == other.tier
        and max(link.on, scope.valid_from) == other.valid_from
        for link in links
    )


def _log_words(scope: ScopeRow, unit: Unit) -> str:
    return f"{getattr(scope, 'field', None) or scope.procedure}: {unit.name}"
