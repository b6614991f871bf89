"""Closing units, alone or together. A unit that is over stays in the past of everything that counted it."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.db import transaction
from django.db.models import Q

from ledger import log
from units.dates import write_day
from units.lifetimes import may_close, still_open
from units.models import Unit, User
from units.signals import reports_of
from units.tree import Closing, Refused, Wrong

from .common import lock_tree, subject
from .derived import chunks, refresh_tree

CLOSED = "unit.close"
_NAMED = 6


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
    wrongs += reported_later([Closing(index, unit, on) for index, unit in enumerate(kept)], "on")
    if wrongs:
        raise Refused(wrongs)
    lasted = [[unit.pk, unit.active_until] for unit in kept]
    for unit in kept:
        unit.active_until = on
        unit.save(update_fields=["active_until"])
    refresh_tree(kept)
    for unit in kept:
        detail = {"on": on, "basis": basis}
        if asked is not None and unit.pk == asked.pk:
            detail["closed"] = lasted
        log.append(CLOSED, by=by, subject=subject(unit), detail=detail)


def _not_closable(index: int, unit: Unit, on: date, together: Sequence[Unit]) -> list[Wrong]:
    if unit.active_until is not None and not may_close(unit, on):
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
    names = list(left.values_list("name", flat=True))
    return [still_open(index, "on", unit, names)] if names else []


def reported_later(closing: Iterable[Closing], field: str) -> list[Wrong]:
    """Closings that would leave sent or approved figures of later months without a unit, with these months."""
    closes = {one.unit.pk: one for one in closing}
    found = []
    for some in chunks(sorted(closes)):
        for number, months in reports_of(some).items():
            index, unit, on = closes[number]
            later = [month.label for month in months if month.start > on]
            if later:
                shown = ", ".join(later[:_NAMED]) + ("…" if len(later) > _NAMED else "")
                message = (
                    f"{unit.name} đã gửi hoặc đã được duyệt số liệu sau ngày {write_day(on)} ({shown}): "
                    "hãy trả lại các báo cáo chờ duyệt, hoặc chọn ngày kết thúc không sớm hơn số liệu đã duyệt."
                )
                found.append(Wrong(index, field, "reported_later", message))
    return found
