"""Opening and closing units. A unit never moves and is never renamed in place: it closes, and a successor opens."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from ledger import log
from units import roster
from units.dates import write_day
from units.models import Kind, Unit, User, fold
from units.tree import Draft, Refused, Wrong, plan
from units.words import canonical

# Above this many units one log entry for the whole import instead of one for each: the chain has one writer at a time.
_LOGGED_SINGLY = 300
_CHUNK = 500
# Any fixed number that nothing else locks on ("UNIT" in ASCII): the tree has one writer at a time.
_LOCK = 0x554E4954


class Opened(NamedTuple):
    new: list[Unit]
    closed: list[Unit]
    unchanged: int


def subject(unit: Unit) -> str:
    """How the log names a unit."""
    return f"unit:{unit.pk}"


@transaction.atomic
def open_unit(draft: Draft, *, by: User | None) -> Unit:
    """Open one unit. Errors: Refused with every fault (also where the very same unit is there already)."""
    lock_tree()
    codes = Q(code=draft.unit().code)
    if isinstance(draft.parent, str) and draft.parent:
        codes |= Q(code=canonical(draft.parent.partition("@")[0]))
    planned = plan([draft], Unit.objects.filter(codes))
    if not planned.wrongs and not planned.new:
        planned.wrongs.append(Wrong(0, "code", "code_overlap", "Đơn vị này đã có."))
    if planned.wrongs:
        raise Refused(planned.wrongs)
    return _write(planned, by).new[0]


@transaction.atomic
def open_units(drafts: Sequence[Draft], *, by: User | None, source: str = "") -> Opened:
    """Open many units at once, parents first whatever their order; what is there already stays as it is, and a draft
    that only adds a last day closes its unit. Errors: Refused with every fault, and nothing is written.

    source: where the drafts come from (a file name), for the log.
    """
    lock_tree()
    planned = plan(drafts, Unit.objects.all())
    if planned.wrongs:
        raise Refused(planned.wrongs)
    return _write(planned, by, source)


def _write(planned, by: User | None, source: str = "") -> Opened:
    new = [unit for _, unit in planned.new]
    _insert(new)
    closed = [unit for unit, _ in planned.closing]
    for unit, day in planned.closing:
        unit.active_until = day
    Unit.objects.bulk_update(closed, ["active_until"], batch_size=_CHUNK)
    flags = refresh_tree([*new, *closed])
    for unit in [*new, *(unit.parent for unit in new if unit.parent)]:
        unit.has_children, unit.reports = flags.get(unit.pk, (unit.has_children, unit.reports))
    _log_opened(new, by, source)
    for unit in closed:
        log.append(
            "unit.close", by=by, subject=subject(unit), detail={"on": unit.active_until, "source": source}
        )
    return Opened(new, closed, planned.unchanged)


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
        Unit.objects.bulk_create(level, batch_size=_CHUNK)
        for unit in level:
            unit.path = f"{unit.parent.path if unit.parent else '/'}{unit.pk}/"
        Unit.objects.bulk_update(level, ["path"], batch_size=_CHUNK)


def refresh_tree(changed: Iterable[Unit]) -> dict[int, tuple[bool, bool]]:
    """Bring up to date what follows from the tree after units opened or closed: groups, who reports, rosters.

    Returns the changed flags (has_children, reports) by unit number.
    """
    changed = list(changed)
    parents = {unit.parent_id for unit in changed} - {None}
    flags = refresh_flags({unit.pk for unit in changed} | parents)
    groups = {unit.pk for unit in changed} | {number for unit in changed for number in unit.ancestor_ids()}
    roster.rebuild(groups if len(groups) <= _CHUNK else None)
    return flags


def refresh_flags(numbers: set[int]) -> dict[int, tuple[bool, bool]]:
    """`has_children`: anything below. `reports`: as declared, else where nothing but external bodies is below: such a
    body never makes a commune a parent.
    """
    flags = {}
    for some in _chunks(sorted(numbers)):
        below: dict[int, set[str]] = {}
        for parent, kind in (
            Unit.objects.filter(parent__in=some).order_by().values_list("parent", "kind").distinct()
        ):
            below.setdefault(parent, set()).add(kind)
        changed = []
        for unit in Unit.objects.filter(pk__in=some):
            kinds = below.get(unit.pk, set())
            reports = not kinds - {Kind.EXTERNAL} if unit.reports_declared is None else unit.reports_declared
            if (unit.has_children, unit.reports) != (bool(kinds), reports):
                unit.has_children, unit.reports = bool(kinds), reports
                changed.append(unit)
                flags[unit.pk] = (bool(kinds), reports)
        Unit.objects.bulk_update(changed, ["has_children", "reports"])
    return flags


def _chunks(numbers: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(numbers), _CHUNK):
        yield numbers[start : start + _CHUNK]


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
            "legal_basis": unit.legal_basis,
            "source": source,
        }
        log.append("unit.open", by=by, subject=subject(unit), detail=detail)


def close_unit(unit: Unit, on: date, *, by: User | None, basis: str = "") -> Unit:
    """Close one unit; `on` is its last day. Errors: see `close_units`."""
    close_units([unit], on, by=by, basis=basis)
    unit.refresh_from_db()
    return unit


@transaction.atomic
def close_branch(unit: Unit, on: date, *, by: User | None, basis: str = "") -> None:
    """Close a unit together with everything below it that is still open. Errors: see `close_units`."""
    close_units(Unit.objects.under(unit).filter(active_until=None), on, by=by, basis=basis)


@transaction.atomic
def close_units(units: Sequence[Unit], on: date, *, by: User | None, basis: str = "") -> None:
    """Close units together (a group with all below it); `on` is the last day of each.

    Errors: Refused where a unit is over already, starts later, or still has units below that go on.
    """
    lock_tree()
    kept = list(
        Unit.objects.select_for_update(no_key=True).filter(pk__in=[unit.pk for unit in units]).order_by("pk")
    )
    wrongs = [wrong for index, unit in enumerate(kept) for wrong in _not_closable(index, unit, on, kept)]
    if wrongs:
        raise Refused(wrongs)
    for unit in kept:
        unit.active_until = on
        unit.save(update_fields=["active_until"])
    refresh_tree(kept)
    for unit in kept:
        log.append("unit.close", by=by, subject=subject(unit), detail={"on": on, "basis": basis})


def _not_closable(index: int, unit: Unit, on: date, together: Sequence[Unit]) -> list[Wrong]:
    if unit.active_until is not None:
        return [
            Wrong(index, "on", "closed", f"{unit.name} đã hết hoạt động ngày {write_day(unit.active_until)}.")
        ]
    if on < unit.active_from:
        start = write_day(unit.active_from)
        return [
            Wrong(
                index, "on", "dates", f"{unit.name} mới hoạt động từ {start}: ngày kết thúc phải từ ngày đó."
            )
        ]
    left = (
        Unit.objects.filter(Q(active_until=None) | Q(active_until__gt=on), parent=unit)
        .exclude(pk__in=[one.pk for one in together])
        .order_by("folded")
    )
    names = list(left.values_list("name", flat=True)[:4])
    if names:
        shown = ", ".join(names[:3]) + ("…" if len(names) > 3 else "")
        return [
            Wrong(index, "on", "children_open", f"{unit.name} còn đơn vị bên dưới đang hoạt động: {shown}.")
        ]
    return []


def lock_tree() -> None:
    """One writer of the tree at a time, to the end of the transaction (SQLite has only one anyway)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
