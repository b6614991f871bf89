"""Updates what is derived from the tree after each change: groups, who reports until when, rosters,
histories.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date

from django.db import connection

from core.dates import day_before
from units.models import Unit, UnitKind
from units.succession import positions, stored_lineage
from units.tree import roster

from .signals import grouped, reports_of

# A number that nothing else locks on ("UNIT" in ASCII).
_LOCK = 0x554E4954


def unit_subject(unit: Unit) -> str:
    """The unit as a subject of log entries."""
    return f"unit:{unit.pk}"


def lock_tree() -> None:
    """Lock the tree until the end of the transaction (SQLite has one writer anyway)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


CHUNK = 500
_FIELDS = ("has_children", "reports", "reports_until")
_LATER = ContextVar("later", default=False)


@contextmanager
def refresh_histories_at_end() -> Iterator[None]:
    """Within it `refresh_tree` skips the histories; the caller computes them once at the end (`refresh_histories`). For
    a whole country that takes seconds while others wait to save.
    """
    before = _LATER.set(True)
    try:
        yield
    finally:
        _LATER.reset(before)


def refresh_histories() -> None:
    """Rebuild whose reports make up whose history, and the positions of closed units."""
    stored_lineage.rebuild()
    positions.rebuild()


def refresh_tree(changed: Iterable[Unit], new: Iterable[Unit] = ()) -> None:
    """Rebuild what is derived from the tree after units opened (`new`) or changed: groups, who reports, rosters.

    Updates these objects and the parents that they refer to. Sends `grouped` for existing units that became groups.
    """
    new, touched = list(new), [*changed, *new]
    parents = {unit.parent_id for unit in touched} - {None}
    flags = refresh_flags({unit.pk for unit in touched} | parents)
    for unit in [*touched, *(unit.parent for unit in new if unit.parent)]:
        for name, value in zip(_FIELDS, flags.get(unit.pk, ()), strict=False):
            setattr(unit, name, value)
    groups = {unit.pk for unit in touched} | {number for unit in touched for number in unit.ancestor_ids()}
    roster.rebuild(groups if len(groups) <= CHUNK else None)
    if not _LATER.get():
        refresh_histories()
    existing = flags.keys() - {unit.pk for unit in new}
    for chunk in in_chunks(sorted(existing)):
        units = list(Unit.objects.filter(pk__in=chunk, has_children=True))
        if units:
            grouped.send(sender=Unit, units=units)


def refresh_flags(numbers: set[int]) -> dict[int, tuple[bool, bool, date | None]]:
    """Write `has_children`, `reports` and `reports_until` of these units (ids); returns those that changed.

    A unit is a group from the first day of its first child on (external bodies do not make a commune a group), and
    reports itself until then, as declared, or as long as it has figures of its own. A group remains a group.
    """
    flags = {}
    for chunk in in_chunks(sorted(numbers)):
        with_any: set[int] = set()
        first: dict[int, date] = {}
        below = Unit.objects.filter(parent__in=chunk).order_by()
        for parent, kind, start in below.values_list("parent", "kind", "active_from").distinct():
            with_any.add(parent)
            if kind != UnitKind.EXTERNAL:
                first[parent] = min(start, first.get(parent, start))
        own = {pk: months[-1].end for pk, months in reports_of(first).items()} if first else {}
        changed = []
        for unit in Unit.objects.filter(pk__in=chunk):
            state = (unit.pk in with_any, *_reporting(unit, first.get(unit.pk), own.get(unit.pk)))
            if state != tuple(getattr(unit, name) for name in _FIELDS):
                unit.has_children, unit.reports, unit.reports_until = flags[unit.pk] = state
                changed.append(unit)
        Unit.objects.bulk_update(changed, _FIELDS)
    return flags


def _reporting(unit: Unit, grouped_on: date | None, own: date | None) -> tuple[bool, date | None]:
    """Whether and until when a unit reports, from its first child's first day and the last day of its own figures."""
    if unit.reports_declared is not None:
        return unit.reports_declared, None
    if grouped_on is None:
        return True, None
    last = day_before(grouped_on)
    if own is not None and own > last:
        last = own
    if last < unit.active_from:
        return False, None
    over = unit.active_until is not None and unit.active_until <= last
    return True, None if over else last


def in_chunks(numbers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), CHUNK):
        yield numbers[start : start + CHUNK]
