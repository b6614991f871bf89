"""Closes units, alone or together, and takes a closing back while nothing has come in their place."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from core.dates import format_day
from ledger import log
from ledger.models import Entry
from units.models import Succession, Unit
from units.tree.rules import DraftFault, PlannedClosing, TreeRefused, may_close, still_open_below

from .derived import in_chunks, lock_tree, refresh_tree, unit_subject
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
    for one in units:
        one.active_until = lasts[one.pk]
        one.save(update_fields=["active_until"])
    refresh_tree(units)
    for one in units:
        log.append("unit.reopen", by=by, subject=unit_subject(one), detail={"active_until": lasts[one.pk]})
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
        Succession.objects.filter(old__in=[one.pk for one in units]).values_list("old", flat=True)
    )
    found = []
    if names := [one.name for one in units if one.pk in succeeded]:
        message = (
            f"Đã có đơn vị kế thừa của {_in_words(names)}: hãy hoàn tác lần sáp nhập, chia tách đó trước."
        )
        found.append(DraftFault(0, "", "succeeded", message))
    if names := [one.name for one in units if one.active_until != on]:
        message = f"Ngày kết thúc của {_in_words(names)} đã thay đổi sau khi đóng: hãy hoàn tác lần thay đổi sau trước."
        found.append(DraftFault(0, "", "changed_since", message))
    return found


def _no_place(units: list[Unit], on: date, lasts: Mapping[int, date | None]) -> list[DraftFault]:
    """What a unit stands below ends before it would, or its code belongs to somebody else after the closing."""
    found = []
    for one in units:
        until, above = lasts[one.pk], one.parent
        end = None if above is None or above.pk in lasts else above.active_until
        if end is not None and (until is None or end < until):
            last = format_day(end)
            message = (
                f"{above.name} hoạt động đến hết ngày {last}: {one.name} không hoạt động tiếp được sau đó."
            )
            found.append(DraftFault(0, "", "parent_over", message))
    codes = {one.code: one for one in units}
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
