"""Catalogue rows that name units follow to their successors, and come back when a merger or split is undone."""

from collections.abc import Iterable, Sequence
from datetime import date

from ledger import log
from records.queries.named_units import MODELS, Scope, Steps, named, said, steps_from, turns
from units.models import Succession, Unit, User
from units.tree import Refused, Wrong

_NAMED = 6


def follow(links: Sequence[Succession], *, by: User | None) -> None:
    """These successions were recorded: rows that name an old unit name its successors too, from their first days on,
    and those of the successors that were recorded before.
    """
    olds, first = {one.old_id for one in links}, min(one.on for one in links)
    steps = steps_from(olds)
    added = sum(_turn(named(model, olds, first), steps) for model in MODELS)
    if added:
        log.append("catalogue.follow", by=by, subject="catalogue", detail={"added": added, "on": first})


def follow_recorded(scopes: Iterable[Scope]) -> None:
    """New rows follow what was recorded before them."""
    scopes = list(scopes)
    by_old = steps_from({unit.pk for scope in scopes for unit in scope.units.all()})
    _turn(scopes, by_old)


def _turn(scopes: Iterable[Scope], steps: Steps) -> int:
    """How many units were added to a row."""
    added = 0
    for scope in scopes:
        for turn in turns(scope, steps):
            if turn.since is None:
                scope.units.add(turn.unit)
            else:
                _begun(scope, turn.unit.tier, turn.since).units.add(turn.unit)
            added += 1
    return added


def _begun(scope: Scope, tier: str, since: date) -> Scope:
    """The row of another tier that says the same from a day on of units that it names."""
    model = type(scope)
    place = {"tier": tier, "valid_from": since} | said(scope)
    kept = model.objects.filter(**place, units__isnull=False).order_by("pk").first()
    return kept or model.objects.create(**place)


def take_back(links: Sequence[Succession], *, staying: set[int], by: User | None) -> None:
    """The new units of these successions are to be gone, save those that stay: rows that followed name the old ones
    alone again.

    Errors: Refused where a row names by itself a new unit that goes, which would be lost.
    """
    olds, news = {one.old_id for one in links}, {one.new_id: one.new for one in links}
    first = min(one.on for one in links)
    lost: list[str] = []
    taken = 0
    for model in MODELS:
        followed = list(named(model, olds, first))
        for scope in named(model, news, date.min):
            members = {unit.pk for unit in scope.units.all()}
            gone = {one.new_id for one in links if {one.old_id, one.new_id} <= members}
            scope.units.remove(*gone)
            taken += len(gone)
            left = members - gone
            if left <= news.keys() and any(_begins(one, scope, links) for one in followed):
                scope.delete()
                taken += len(left)
            else:
                lost += [_told(scope, news[pk]) for pk in sorted((left & news.keys()) - staying)]
    if lost:
        more = f" và {len(lost) - _NAMED} dòng khác" if len(lost) > _NAMED else ""
        message = f"Danh mục ghi riêng đơn vị mới ({'; '.join(lost[:_NAMED])}{more}): không hoàn tác được."
        raise Refused([Wrong(0, "", "catalogue_named", message)])
    if taken:
        log.append("catalogue.undo_follow", by=by, subject="catalogue", detail={"taken": taken, "on": first})


def _begins(scope: Scope, other: Scope, links: Iterable[Succession]) -> bool:
    """Whether the other row is what began for a successor of another tier than this row's."""
    if said(scope) != said(other) or scope.tier == other.tier:
        return False
    members = {unit.pk for unit in scope.units.all()}
    return any(
        one.old_id in members
        and one.new.tier == other.tier
        and max(one.on, scope.valid_from) == other.valid_from
        for one in links
    )


def _told(scope: Scope, unit: Unit) -> str:
    return f"{getattr(scope, 'field', None) or scope.procedure}: {unit.name}"
