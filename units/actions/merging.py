"""A whole merger in one act: old units close, the new one opens, people follow. Undone while nothing was entered."""

from collections.abc import Sequence
from dataclasses import replace as changed
from datetime import date
from typing import NamedTuple

from django.db import transaction
from django.db.models import ProtectedError, Q

from ledger import log
from ledger.models import Entry
from units.models import Membership, Succession, Unit, User
from units.tree import Draft, Refused, Wrong, day_before

from .common import lock_tree, subject
from .derived import refresh_tree
from .people import Denied, add_membership, end_membership
from .succession import Part, replace

MERGED = "unit.merge"


class Merged(NamedTuple):
    new: Unit
    followed: list[Membership]


@transaction.atomic
def merge(olds: Sequence[Unit], draft: Draft, on: date, *, by: User | None, basis: str) -> Merged:
    """The old units close on the day before `on`, the new one opens, and whoever has a role in an old unit gets it in
    the new one from `on`. Roles in the old units stay: their last month and corrections are the same people's.

    Errors: Refused with every fault, and nothing is written.
    """
    lock_tree()
    over = [unit for unit in olds if unit.is_over(on)]
    if over or not olds:
        names = ", ".join(unit.name for unit in over)
        message = f"Đã hết hoạt động: {names}." if over else "Hãy chọn ít nhất một đơn vị cũ."
        raise Refused([Wrong(0, "olds", "closed", message)])
    lasted = {unit.pk: unit.active_until for unit in olds}
    (new,) = replace(olds, [Part(changed(draft, active_from=on, legal_basis=basis))], on, by=by, basis=basis)
    followed = _follow(olds, new, on, by)
    detail = {
        "on": on,
        "basis": basis,
        "olds": [[pk, last] for pk, last in lasted.items()],
        "members": [one.pk for one in followed],
    }
    log.append(MERGED, by=by, subject=subject(new), detail=detail)
    return Merged(new, followed)


def _follow(olds: Sequence[Unit], new: Unit, on: date, by: User | None) -> list[Membership]:
    held = roles_of(olds, on).order_by("user", "role", "pk")
    followed = []
    for user, role in dict.fromkeys((one.user, one.role) for one in held):
        try:
            followed.append(add_membership(user, new, role, on, by=by))
        except Denied:
            # Somebody has the role there already.
            continue
    return followed


def roles_of(olds: Sequence[Unit], on: date):
    """The roles that people have in these units themselves on a day or later."""
    still = Q(valid_until=None) | Q(valid_until__gte=on)
    found = Membership.objects.filter(still, unit__in=[unit.pk for unit in olds], user__is_active=True)
    return found.select_related("user", "unit")


def merger_of(new: Unit) -> Entry | None:
    """The log's entry of the merger that opened a unit, as long as it stands."""
    return Entry.objects.filter(subject=subject(new), action=MERGED).order_by("-sequence").first()


@transaction.atomic
def undo_merger(new: Unit, *, by: User | None) -> list[Unit]:
    """Take a merger back: the old units go on, the new one is gone with the roles in it. Returns the old units.

    Errors: Refused where the unit was not opened by a merger, or something was entered on it or follows from it.
    """
    lock_tree()
    entry = merger_of(new)
    if entry is None:
        raise Refused([Wrong(0, "", "not_merged", "Đơn vị này không do một lần sáp nhập mở ra.")])
    lasted = {pk: date.fromisoformat(last) if last else None for pk, last in entry.detail["olds"]}
    links = Succession.objects.filter(new=new)
    if new.active_until is not None or set(links.values_list("old", flat=True)) != set(lasted):
        raise Refused(
            [Wrong(0, "", "changed_since", "Sau khi sáp nhập, đơn vị đã thay đổi: không hoàn tác được.")]
        )
    links.delete()
    for membership in Membership.objects.filter(unit=new).select_related("user"):
        end_membership(membership, membership.valid_from, by=by)
    olds = list(Unit.objects.filter(pk__in=lasted).select_related("parent").order_by("pk"))
    last_day = day_before(new.active_from)
    for old in olds:
        if old.active_until == last_day:
            old.active_until = lasted[old.pk]
            old.save(update_fields=["active_until"])
    number, parent = new.pk, new.parent
    try:
        # A savepoint: what protects the unit is asked by trying.
        with transaction.atomic():
            new.delete()
    except ProtectedError as error:
        message = "Đã có số liệu, báo cáo hoặc đơn vị khác gắn với đơn vị mới: không hoàn tác được."
        raise Refused([Wrong(0, "", "entered", message)]) from error
    refresh_tree([*olds, *([parent] if parent else [])])
    detail = {"unit": number, "code": new.code, "name": new.name}
    for old in olds:
        log.append("unit.undo_merger", by=by, subject=subject(old), detail=detail)
    return olds
