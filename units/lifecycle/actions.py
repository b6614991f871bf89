"""Opens and closes units, one or many, and undoes a closing while nothing has replaced them. A unit never moves and
is never renamed in place: it closes, and a successor opens.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from core.dates import format_day
from core.text import canonical_text, fold
from ledger import log
from ledger.models import Entry
from units.models import Succession, Unit
from units.tree import details
from units.tree.rules import (
    DraftFault,
    PlannedClosing,
    TreePlan,
    TreeRefused,
    UnitDraft,
    may_close,
    plan_drafts,
    still_open_below,
)

from .derived_tables import CHUNK, in_chunks, lock_tree, refresh_tree, unit_subject
from .signals import reports_of

CLOSED = "unit.close"
_MONTHS_NAMED = 6


def close_unit(unit: Unit, on: date, *, by: User | None, basis: str = "") -> Unit:
    """Close one unit; `on` is its last day. Errors: see `close_units`."""
    close_units([unit], on, by=by, basis=basis, subject=unit)
    unit.refresh_from_db()
    return unit


@transaction.atomic
def close_branch(unit: Unit, on: date, *, by: User | None, basis: str = "") -> None:
    """Close a unit together with everything below it that is still open. Errors: see `close_units`."""
    lock_tree()
    below = (
        Unit.objects.under(unit)
        .filter(Q(active_until=None) | Q(active_until__gt=on))
        .select_related("parent")
    )
    together = [below_unit for below_unit in below if below_unit.pk == unit.pk or may_close(below_unit, on)]
    close_units(together, on, by=by, basis=basis, subject=unit)


@transaction.atomic
def close_units(
    units: Sequence[Unit], on: date, *, by: User | None, basis: str = "", subject: Unit | None = None
) -> None:
    """Close units together (a group with all below it); `on` is the last day of each. `subject`: the unit whose log
    stores the previous last days for `reopen_units`; None as part of a merger or split.

    Errors: TreeRefused if a unit is closed already, starts later, has units below that stay open, or has reported a
    month that begins after its last day.
    """
    lock_tree()
    # From the bottom up, the order in which sums are locked.
    locked = list(
        Unit.objects.select_for_update(no_key=True)
        .filter(pk__in=[unit.pk for unit in units])
        .order_by("-depth", "pk")
    )
    wrongs = [wrong for index, unit in enumerate(locked) for wrong in _not_closable(index, unit, on, locked)]
    wrongs += reports_after_closing(
        [PlannedClosing(index, unit, on) for index, unit in enumerate(locked)], "on"
    )
    if wrongs:
        raise TreeRefused(wrongs)
    last_days = [[unit.pk, unit.active_until] for unit in locked]
    for unit in locked:
        unit.active_until = on
        unit.save(update_fields=["active_until"])
    refresh_tree(locked)
    for unit in locked:
        detail = {"on": on, "basis": basis}
        if subject is not None and unit.pk == subject.pk:
            detail["closed"] = last_days
        log.append(CLOSED, by=by, subject=unit_subject(unit), detail=detail)


def _not_closable(index: int, unit: Unit, on: date, together: Sequence[Unit]) -> list[DraftFault]:
    if unit.active_until is not None and not may_close(unit, on):
        return [
            DraftFault(
                index, "on", "closed", f"{unit.name} đã hết hoạt động ngày {format_day(unit.active_until)}."
            )
        ]
    if on < unit.active_from:
        start = format_day(unit.active_from)
        return [
            DraftFault(
                index, "on", "dates", f"{unit.name} mới hoạt động từ {start}: ngày kết thúc phải từ ngày đó."
            )
        ]
    left = (
        Unit.objects.filter(Q(active_until=None) | Q(active_until__gt=on), parent=unit)
        .exclude(pk__in=[other.pk for other in together])
        .order_by("folded")
    )
    names = list(left.values_list("name", flat=True))
    return [still_open_below(index, "on", unit, names)] if names else []


def reports_after_closing(closing: Iterable[PlannedClosing], field: str) -> list[DraftFault]:
    """Faults of closings that would leave sent or approved figures of later months without a unit."""
    closes = {planned.unit.pk: planned for planned in closing}
    faults = []
    for chunk in in_chunks(sorted(closes)):
        for number, months in reports_of(chunk).items():
            index, unit, on = closes[number]
            later = [month.label for month in months if month.start > on]
            if later:
                shown = ", ".join(later[:_MONTHS_NAMED]) + ("…" if len(later) > _MONTHS_NAMED else "")
                message = (
                    f"{unit.name} đã gửi hoặc đã được duyệt số liệu sau ngày {format_day(on)} ({shown}): "
                    "hãy trả lại các báo cáo chờ duyệt, hoặc chọn ngày kết thúc không sớm hơn số liệu đã duyệt."
                )
                faults.append(DraftFault(index, field, "reported_later", message))
    return faults


_UNITS_NAMED = 3


def closing_of(unit: Unit) -> Entry | None:
    """The log entry of a unit's closing, if that can be reopened: not part of a merger or split, nor of a file."""
    if unit.active_until is None:
        return None
    entry = Entry.objects.filter(subject=unit_subject(unit), action=CLOSED).order_by("-sequence").first()
    if entry is None or "closed" not in entry.detail:
        return None
    return entry if entry.detail.get("on") == unit.active_until.isoformat() else None


@transaction.atomic
def reopen_units(unit: Unit, *, by: User | None) -> list[Unit]:
    """Undo the closing of a unit, of what closed with it and what opened below since: each gets its previous last day.
    The closing did not change roles, catalogue and targets. Returns the units, parents first.

    Errors: TreeRefused if there is no such closing (`closing_of`), a unit has a successor or has changed since, its
    parent closes earlier, or another unit has its code by now.
    """
    lock_tree()
    unit = Unit.objects.get(pk=unit.pk)
    entry = closing_of(unit)
    if entry is None:
        message = (
            "Không có lần đóng đơn vị nào để hoàn tác: đơn vị đang hoạt động, hoặc kết thúc do sáp nhập, chia tách "
            "hay theo tệp."
        )
        raise TreeRefused([DraftFault(0, "", "not_closed", message)])
    on = date.fromisoformat(entry.detail["on"])
    last_days = {pk: date.fromisoformat(last) if last else None for pk, last in entry.detail["closed"]}
    last_days |= dict.fromkeys(_bound_since(unit, on, last_days), last_days[unit.pk])
    locked = Unit.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=last_days)
    units = sorted(
        locked.select_related("parent").order_by("-depth", "pk"), key=lambda each: (each.depth, each.pk)
    )
    wrongs = [*_changed(units, on), *_no_place(units, on, last_days)]
    if wrongs:
        raise TreeRefused(wrongs)
    for unit in units:
        unit.active_until = last_days[unit.pk]
        unit.save(update_fields=["active_until"])
    refresh_tree(units)
    for unit in units:
        log.append(
            "unit.reopen", by=by, subject=unit_subject(unit), detail={"active_until": last_days[unit.pk]}
        )
    return units


def _bound_since(unit: Unit, on: date, last_days: Mapping[int, date | None]) -> list[int]:
    """Units that opened below since and close only because the unit above does."""
    below = Unit.objects.under(unit).filter(active_until=on).exclude(pk__in=last_days)
    numbers = {unit_subject(each): each.pk for each in below}
    own = Entry.objects.filter(subject__in=list(numbers), action=CLOSED).values_list("subject", flat=True)
    return [pk for name, pk in numbers.items() if name not in set(own)]


def _changed(units: Iterable[Unit], on: date) -> list[DraftFault]:
    """Faults of units that have a successor, or another last day by now."""
    succeeded = set(
        Succession.objects.filter(old__in=[unit.pk for unit in units]).values_list("old", flat=True)
    )
    faults = []
    if names := [unit.name for unit in units if unit.pk in succeeded]:
        message = (
            f"Đã có đơn vị kế thừa của {_in_words(names)}: hãy hoàn tác lần sáp nhập, chia tách đó trước."
        )
        faults.append(DraftFault(0, "", "succeeded", message))
    if names := [unit.name for unit in units if unit.active_until != on]:
        message = f"Ngày kết thúc của {_in_words(names)} đã thay đổi sau khi đóng: hãy hoàn tác lần thay đổi sau trước."
        faults.append(DraftFault(0, "", "changed_since", message))
    return faults


def _no_place(units: list[Unit], on: date, last_days: Mapping[int, date | None]) -> list[DraftFault]:
    """Faults of units whose parent closes earlier, or whose code belongs to another unit after the closing."""
    faults = []
    for unit in units:
        until, above = last_days[unit.pk], unit.parent
        end = None if above is None or above.pk in last_days else above.active_until
        if end is not None and (until is None or end < until):
            last = format_day(end)
            message = (
                f"{above.name} hoạt động đến hết ngày {last}: {unit.name} không hoạt động tiếp được sau đó."
            )
            faults.append(DraftFault(0, "", "parent_over", message))
    codes = {unit.code: unit for unit in units}
    others = Unit.objects.filter(code__in=codes).filter(Q(active_until=None) | Q(active_until__gt=on))
    for other in others.exclude(pk__in=last_days).order_by("active_from", "pk"):
        closed = codes[other.code]
        if last_days[closed.pk] is None or other.active_from <= last_days[closed.pk]:
            start = format_day(other.active_from)
            message = f"Mã {other.code} đã thuộc {other.name} từ {start}: {closed.name} không mở lại được với mã cũ."
            faults.append(DraftFault(0, "", "code_overlap", message))
    return faults


def _in_words(names: list[str]) -> str:
    more = f" và {len(names) - _UNITS_NAMED} đơn vị khác" if len(names) > _UNITS_NAMED else ""
    return ", ".join(names[:_UNITS_NAMED]) + more


# Above this an import writes one log entry instead of one per unit: the log has one writer at a time.
_LOGGED_SINGLY = 300


class OpenedUnits(NamedTuple):
    new: list[Unit]
    closed: list[Unit]
    unchanged: int


@transaction.atomic
def open_unit(draft: UnitDraft, *, by: User | None) -> Unit:
    """Open one unit. Errors: TreeRefused with every fault, also if the same unit exists already."""
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
    """Open many units at once, in any order. Existing units stay as they are; a draft that only adds a last day closes
    its unit. Errors: TreeRefused with every fault, and nothing is written.

    source: the file name of the drafts, for the log.
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
    closed = [planned_closing.unit for planned_closing in planned.closing]
    for planned_closing in planned.closing:
        planned_closing.unit.active_until = planned_closing.on
    Unit.objects.bulk_update(closed, ["active_until"], batch_size=CHUNK)
    refresh_tree(closed, new)
    _log_opened(new, by, source)
    for unit in closed:
        log.append(
            CLOSED, by=by, subject=unit_subject(unit), detail={"on": unit.active_until, "source": source}
        )
    return OpenedUnits(new, closed, planned.unchanged)


def _insert(new: list[Unit]) -> None:
    """Level by level: a path needs the parent's id."""
    levels: dict[int, list[Unit]] = {}
    steps: dict[int, int] = {}
    for unit in new:
        step = steps.get(id(unit.parent), -1) + 1
        steps[id(unit)] = step
        levels.setdefault(step, []).append(unit)
    for level in levels.values():
        for unit in level:
            unit.parent = unit.parent  # sets parent_id to the id that the parent has by now
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
