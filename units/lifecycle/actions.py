"""Opens and closes units, alone or together, and takes a closing back while nothing has come in their place.
A unit never moves and is never renamed in place: it closes, and a successor opens.
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
    close_units([unit], on, by=by, basis=basis, asked=unit)
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
    together = [one for one in below if one.pk == unit.pk or may_close(one, on)]
    close_units(together, on, by=by, basis=basis, asked=unit)


@transaction.atomic
def close_units(
    units: Sequence[Unit], on: date, *, by: User | None, basis: str = "", asked: Unit | None = None
) -> None:
    """Close units together (a group with all below it); `on` is the last day of each. `asked`: the unit that the act is
    about, where it is one of its own: its log keeps what ended when, so that it can be taken back (`reopen_units`).

    Errors: Refused where a unit is over already, starts later, still has units below that go on, or has reported a
    month that begins after its last day.
    """
    lock_tree()
    # From the bottom up, as the sums are locked.
    kept = list(
        Unit.objects.select_for_update(no_key=True)
        .filter(pk__in=[unit.pk for unit in units])
        .order_by("-depth", "pk")
    )
    wrongs = [wrong for index, unit in enumerate(kept) for wrong in _not_closable(index, unit, on, kept)]
    wrongs += reports_after_closing(
        [PlannedClosing(index, unit, on) for index, unit in enumerate(kept)], "on"
    )
    if wrongs:
        raise TreeRefused(wrongs)
    lasted = [[unit.pk, unit.active_until] for unit in kept]
    for unit in kept:
        unit.active_until = on
        unit.save(update_fields=["active_until"])
    refresh_tree(kept)
    for unit in kept:
        detail = {"on": on, "basis": basis}
        if asked is not None and unit.pk == asked.pk:
            detail["closed"] = lasted
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
        .exclude(pk__in=[one.pk for one in together])
        .order_by("folded")
    )
    names = list(left.values_list("name", flat=True))
    return [still_open_below(index, "on", unit, names)] if names else []


def reports_after_closing(closing: Iterable[PlannedClosing], field: str) -> list[DraftFault]:
    """Closings that would leave sent or approved figures of later months without a unit, with these months."""
    closes = {one.unit.pk: one for one in closing}
    found = []
    for some in in_chunks(sorted(closes)):
        for number, months in reports_of(some).items():
            index, unit, on = closes[number]
            later = [month.label for month in months if month.start > on]
            if later:
                shown = ", ".join(later[:_MONTHS_NAMED]) + ("…" if len(later) > _MONTHS_NAMED else "")
                message = (
                    f"{unit.name} đã gửi hoặc đã được duyệt số liệu sau ngày {format_day(on)} ({shown}): "
                    "hãy trả lại các báo cáo chờ duyệt, hoặc chọn ngày kết thúc không sớm hơn số liệu đã duyệt."
                )
                found.append(DraftFault(index, field, "reported_later", message))
    return found


_UNITS_NAMED = 3


def closing_of(unit: Unit) -> Entry | None:
    """The log's entry of the closing by which a unit ends when it does, where that was an act of its own: not part of
    a merger or split, nor of a file.
    """
    if unit.active_until is None:
        return None
    entry = Entry.objects.filter(subject=unit_subject(unit), action=CLOSED).order_by("-sequence").first()
    if entry is None or "closed" not in entry.detail:
        return None
    return entry if entry.detail.get("on") == unit.active_until.isoformat() else None


@transaction.atomic
def reopen_units(unit: Unit, *, by: User | None) -> list[Unit]:
    """Take the closing of a unit back, with what closed together with it and what opened below since: each ends when
    it would have. Roles, catalogue and targets were left alone by the closing; who reports until when and what is
    expected follow from the tree again. Returns the units, those above first.

    Errors: Refused where it was not closed by an act of its own, one was succeeded or has changed since, what they
    stood below ends before, or somebody else holds a code by now.
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
    lasts = {pk: date.fromisoformat(last) if last else None for pk, last in entry.detail["closed"]}
    lasts |= dict.fromkeys(_bound_since(unit, on, lasts), lasts[unit.pk])
    found = Unit.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=lasts)
    units = sorted(
        found.select_related("parent").order_by("-depth", "pk"), key=lambda one: (one.depth, one.pk)
    )
    wrongs = [*_changed(units, on), *_no_place(units, on, lasts)]
    if wrongs:
        raise TreeRefused(wrongs)
    for unit in units:
        unit.active_until = lasts[unit.pk]
        unit.save(update_fields=["active_until"])
    refresh_tree(units)
    for unit in units:
        log.append("unit.reopen", by=by, subject=unit_subject(unit), detail={"active_until": lasts[unit.pk]})
    return units


def _bound_since(unit: Unit, on: date, lasts: Mapping[int, date | None]) -> list[int]:
    """What opened below since and ends only because what it stands below does."""
    below = Unit.objects.under(unit).filter(active_until=on).exclude(pk__in=lasts)
    numbers = {unit_subject(one): one.pk for one in below}
    own = Entry.objects.filter(subject__in=list(numbers), action=CLOSED).values_list("subject", flat=True)
    return [pk for name, pk in numbers.items() if name not in set(own)]


def _changed(units: Iterable[Unit], on: date) -> list[DraftFault]:
    """Whoever has a successor, or ends on another day by now."""
    succeeded = set(
        Succession.objects.filter(old__in=[unit.pk for unit in units]).values_list("old", flat=True)
    )
    found = []
    if names := [unit.name for unit in units if unit.pk in succeeded]:
        message = (
            f"Đã có đơn vị kế thừa của {_in_words(names)}: hãy hoàn tác lần sáp nhập, chia tách đó trước."
        )
        found.append(DraftFault(0, "", "succeeded", message))
    if names := [unit.name for unit in units if unit.active_until != on]:
        message = f"Ngày kết thúc của {_in_words(names)} đã thay đổi sau khi đóng: hãy hoàn tác lần thay đổi sau trước."
        found.append(DraftFault(0, "", "changed_since", message))
    return found


def _no_place(units: list[Unit], on: date, lasts: Mapping[int, date | None]) -> list[DraftFault]:
    """What a unit stands below ends before it would, or its code belongs to somebody else after the closing."""
    found = []
    for unit in units:
        until, above = lasts[unit.pk], unit.parent
        end = None if above is None or above.pk in lasts else above.active_until
        if end is not None and (until is None or end < until):
            last = format_day(end)
            message = (
                f"{above.name} hoạt động đến hết ngày {last}: {unit.name} không hoạt động tiếp được sau đó."
            )
            found.append(DraftFault(0, "", "parent_over", message))
    codes = {unit.code: unit for unit in units}
    others = Unit.objects.filter(code__in=codes).filter(Q(active_until=None) | Q(active_until__gt=on))
    for other in others.exclude(pk__in=lasts).order_by("active_from", "pk"):
        one = codes[other.code]
        if lasts[one.pk] is None or other.active_from <= lasts[one.pk]:
            start = format_day(other.active_from)
            message = (
                f"Mã {one.code} đã thuộc {other.name} từ {start}: {one.name} không mở lại được với mã cũ."
            )
            found.append(DraftFault(0, "", "code_overlap", message))
    return found


def _in_words(names: list[str]) -> str:
    more = f" và {len(names) - _UNITS_NAMED} đơn vị khác" if len(names) > _UNITS_NAMED else ""
    return ", ".join(names[:_UNITS_NAMED]) + more


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
