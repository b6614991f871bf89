"""Closing units is taken back as the one act that it was, while nothing has come in their place."""

from collections.abc import Iterable, Mapping
from datetime import date

from django.db import transaction
from django.db.models import Q

from ledger import log
from ledger.models import Entry
from units.dates import write_day
from units.models import Succession, Unit, User
from units.tree import Refused, Wrong

from .closing import CLOSED
from .common import lock_tree, subject
from .derived import refresh_tree

_NAMED = 3


def closing_of(unit: Unit) -> Entry | None:
    """The log's entry of the closing by which a unit ends when it does, where that was an act of its own: not part of
    a merger or split, nor of a file.
    """
    if unit.active_until is None:
        return None
    entry = Entry.objects.filter(subject=subject(unit), action=CLOSED).order_by("-sequence").first()
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
        raise Refused([Wrong(0, "", "not_closed", message)])
    on = date.fromisoformat(entry.detail["on"])
    lasts = {pk: date.fromisoformat(last) if last else None for pk, last in entry.detail["closed"]}
    lasts |= dict.fromkeys(_bound_since(unit, on, lasts), lasts[unit.pk])
    found = Unit.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=lasts)
    units = sorted(
        found.select_related("parent").order_by("-depth", "pk"), key=lambda one: (one.depth, one.pk)
    )
    wrongs = [*_changed(units, on), *_no_place(units, on, lasts)]
    if wrongs:
        raise Refused(wrongs)
    for one in units:
        one.active_until = lasts[one.pk]
        one.save(update_fields=["active_until"])
    refresh_tree(units)
    for one in units:
        log.append("unit.reopen", by=by, subject=subject(one), detail={"active_until": lasts[one.pk]})
    return units


def _bound_since(unit: Unit, on: date, lasts: Mapping[int, date | None]) -> list[int]:
    """What opened below since and ends only because what it stands below does."""
    below = Unit.objects.under(unit).filter(active_until=on).exclude(pk__in=lasts)
    numbers = {subject(one): one.pk for one in below}
    own = Entry.objects.filter(subject__in=list(numbers), action=CLOSED).values_list("subject", flat=True)
    return [pk for name, pk in numbers.items() if name not in set(own)]


def _changed(units: Iterable[Unit], on: date) -> list[Wrong]:
    """Whoever has a successor, or ends on another day by now."""
    succeeded = set(
        Succession.objects.filter(old__in=[one.pk for one in units]).values_list("old", flat=True)
    )
    found = []
    if names := [one.name for one in units if one.pk in succeeded]:
        message = f"Đã có đơn vị kế thừa của {_named(names)}: hãy hoàn tác lần sáp nhập, chia tách đó trước."
        found.append(Wrong(0, "", "succeeded", message))
    if names := [one.name for one in units if one.active_until != on]:
        message = f"Ngày kết thúc của {_named(names)} đã thay đổi sau khi đóng: hãy hoàn tác lần thay đổi sau trước."
        found.append(Wrong(0, "", "changed_since", message))
    return found


def _no_place(units: list[Unit], on: date, lasts: Mapping[int, date | None]) -> list[Wrong]:
    """What a unit stands below ends before it would, or its code belongs to somebody else after the closing."""
    found = []
    for one in units:
        until, above = lasts[one.pk], one.parent
        end = None if above is None or above.pk in lasts else above.active_until
        if end is not None and (until is None or end < until):
            last = write_day(end)
            message = (
                f"{above.name} hoạt động đến hết ngày {last}: {one.name} không hoạt động tiếp được sau đó."
            )
            found.append(Wrong(0, "", "parent_over", message))
    codes = {one.code: one for one in units}
    others = Unit.objects.filter(code__in=codes).filter(Q(active_until=None) | Q(active_until__gt=on))
    for other in others.exclude(pk__in=lasts).order_by("active_from", "pk"):
        one = codes[other.code]
        if lasts[one.pk] is None or other.active_from <= lasts[one.pk]:
            start = write_day(other.active_from)
            message = (
                f"Mã {one.code} đã thuộc {other.name} từ {start}: {one.name} không mở lại được với mã cũ."
            )
            found.append(Wrong(0, "", "code_overlap", message))
    return found


def _named(names: list[str]) -> str:
    more = f" và {len(names) - _NAMED} đơn vị khác" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
