"""Opens units. A unit never moves and is never renamed in place: it closes, and a successor opens."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from core.text import canonical_text, fold
from ledger import log
from units.models import Unit
from units.tree import details
from units.tree.rules import DraftFault, TreePlan, TreeRefused, UnitDraft, plan_drafts

from .closing import CLOSED, reports_after_closing
from .derived import CHUNK, lock_tree, refresh_tree, unit_subject

# Above this many units one log entry for the whole import instead of one for each: the chain has one writer at a time.
_LOGGED_SINGLY = 300


class OpenedUnits(NamedTuple):
    new: list[Unit]
    closed: list[Unit]
    unchanged: int


@transaction.atomic
def open_unit(draft: UnitDraft, *, by: User | None) -> Unit:
    """Open one unit. Errors: Refused with every fault (also where the very same unit is there already)."""
    lock_tree()
    codes = Q(code=draft.unit().code)
    if isinstance(draft.parent, Unit):
        codes |= Q(pk=draft.parent.pk)
    elif draft.parent:
        codes |= Q(code=canonical_text(draft.parent.partition("@")[0]))
    planned = plan_drafts([draft], Unit.objects.filter(codes))
    if not planned.wrongs and not planned.new:
        planned.wrongs.append(DraftFault(0, "code", "code_overlap", "Đơn vị này đã có."))
    if planned.wrongs:
        raise TreeRefused(planned.wrongs)
    return _write(planned, by).new[0]


@transaction.atomic
def open_units(drafts: Sequence[UnitDraft], *, by: User | None, source: str = "") -> OpenedUnits:
    """Open many units at once, parents first whatever their order; what is there already stays as it is, and a draft
    that only adds a last day closes its unit. Errors: Refused with every fault, and nothing is written.

    source: where the drafts come from (a file name), for the log.
    """
    lock_tree()
    planned = plan_drafts(drafts, Unit.objects.all())
    wrongs = planned.wrongs + reports_after_closing(planned.closing, "active_until")
    if wrongs:
        raise TreeRefused(wrongs)
    return _write(planned, by, source)


def _write(planned: TreePlan, by: User | None, source: str = "") -> OpenedUnits:
    new = [unit for _, unit in planned.new]
    _insert(new)
    closed = [one.unit for one in planned.closing]
    for one in planned.closing:
        one.unit.active_until = one.on
    Unit.objects.bulk_update(closed, ["active_until"], batch_size=CHUNK)
    refresh_tree(closed, new)
    _log_opened(new, by, source)
    for unit in closed:
        log.append(
            CLOSED, by=by, subject=unit_subject(unit), detail={"on": unit.active_until, "source": source}
        )
    return OpenedUnits(new, closed, planned.unchanged)


def _insert(new: list[Unit]) -> None:
    """Level by level: a path needs the parent's number."""
    levels: dict[int, list[Unit]] = {}
    steps: dict[int, int] = {}
    for unit in new:
        step = steps.get(id(unit.parent), -1) + 1
        steps[id(unit)] = step
        levels.setdefault(step, []).append(unit)
    for level in levels.values():
        for unit in level:
            unit.parent = unit.parent  # takes over the number that the parent was given meanwhile
            unit.folded = fold(unit.name)
            unit.depth = unit.parent.depth + 1 if unit.parent else 0
            unit.reports = unit.reports_declared is not False
        Unit.objects.bulk_create(level, batch_size=CHUNK)
        for unit in level:
            unit.path = f"{unit.parent.path if unit.parent else '/'}{unit.pk}/"
        Unit.objects.bulk_update(level, ["path"], batch_size=CHUNK)


def _log_opened(new: list[Unit], by: User | None, source: str) -> None:
    if len(new) > _LOGGED_SINGLY:
        detail = {"source": source, "units": [[unit.pk, unit.code] for unit in new]}
        log.append("unit.open_many", by=by, subject="units", detail=detail)
        return
    for unit in new:
        detail = {
            "code": unit.code,
            "name": unit.name,
            "kind": unit.kind,
            "tier": unit.tier,
            "parent": unit.parent_id,
            "active_from": unit.active_from,
            "active_until": unit.active_until,
            **details.detail_texts(unit),
            "source": source,
        }
        log.append("unit.open", by=by, subject=unit_subject(unit), detail=detail)
