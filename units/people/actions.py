"""Gives and ends roles; a person leaves or moves to another unit; roles follow into a successor unit
(docs/decisions/0022).
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

from django.db import transaction
from django.db.models import Q

from accounts import second_factor
from accounts.models import RecoveryCode, User
from accounts.sessions import end_sessions
from accounts.users import create_user, disable_user, user_subject
from core.dates import format_day
from core.forms import ChangeDenied
from ledger import log
from units.models import AccountOrigin, Membership, Role, Unit


@transaction.atomic
def leave(user: User, on: date, *, by: User) -> int:
    """The person leaves: `on` is the first day without any role. The account is locked, its second factor and linked
    identities are deleted, so that unlocking it later restores nothing. Returns how many roles ended.

    Errors: ChangeDenied for oneself.
    """
    disable_user(user, by=by)
    roles = list(_open_roles(user, on))
    for membership in roles:
        end_membership(membership, on, by=by)
    second_factor.drop_devices(user)
    RecoveryCode.objects.filter(user=user).delete()
    user.identities.all().delete()
    end_sessions(user)
    log.append("user.leave", by=by, subject=user_subject(user), detail={"on": on, "roles": len(roles)})
    return len(roles)


@transaction.atomic
def transfer(user: User, to: Unit, on: date, *, by: User) -> list[Membership]:
    """The person moves to another unit: every role ends, and the same roles begin there on `on`.

    Errors: ChangeDenied for oneself, for a unit that does not exist that day, and without a role to move.
    """
    if by.pk == user.pk:
        raise ChangeDenied("", "Không thể tự chuyển công tác cho chính mình.")
    if to.is_over(on) or to.active_from > on:
        raise ChangeDenied("unit", f"{to.name} không hoạt động ngày đó.")
    roles_elsewhere = [open_role for open_role in _open_roles(user, on) if open_role.unit_id != to.pk]
    if not roles_elsewhere:
        raise ChangeDenied("", "Người này không có vai trò nào ở đơn vị khác để chuyển.")
    for membership in roles_elsewhere:
        end_membership(membership, on, by=by)
    roles_there = set(_open_roles(user, on).values_list("role", flat=True))
    roles = sorted({membership.role for membership in roles_elsewhere} - roles_there)
    new = [add_membership(user, to, role, on, by=by) for role in roles]
    log.append("user.transfer", by=by, subject=user_subject(user), detail={"unit_code": to.code, "on": on})
    return new


def _open_roles(user: User, on: date):
    """The roles valid on a day or later, locked."""
    still = Q(valid_until=None) | Q(valid_until__gte=on)
    return Membership.objects.select_for_update(of=("self",)).select_related("unit").filter(still, user=user)


@transaction.atomic
def create_person(unit: Unit | None, *, by: User, at: datetime, **about: str) -> tuple[User, str]:
    """As `create_user`; administrators of `unit` manage the account until it has a role."""
    user, password = create_user(by=by, at=at, **about)
    if unit is not None:
        AccountOrigin.objects.create(user=user, unit=unit)
    return user, password


@transaction.atomic
def add_membership(
    user: User, unit: Unit, role: str, valid_from: date, *, by: User | None, valid_until: date | None = None
) -> Membership:
    """Give a role in a unit and everything below it, both days inclusive. Errors: ChangeDenied if the person has it."""
    if valid_until is not None and valid_until < valid_from:
        raise ChangeDenied("valid_until", "Ngày hết quyền phải từ ngày bắt đầu trở đi.")
    others = Membership.objects.select_for_update().filter(user=user, unit=unit, role=role)
    for other in others:
        starts_later = valid_until is not None and other.valid_from > valid_until
        if not starts_later and (other.valid_until is None or other.valid_until >= valid_from):
            raise ChangeDenied(
                "role", f"Người này đã có vai trò {Role(role).label} ở {unit.name} trong thời gian đó."
            )
    membership = Membership.objects.create(
        user=user, unit=unit, role=role, valid_from=valid_from, valid_until=valid_until
    )
    detail = {
        "unit": unit.pk,
        "unit_code": unit.code,
        "role": str(role),
        "from": valid_from,
        "until": valid_until,
    }
    log.append("membership.add", by=by, subject=user_subject(user), detail=detail)
    return membership


@transaction.atomic
def end_membership(membership: Membership, on: date, *, by: User | None) -> None:
    """End a role; `on` is the first day without it. A role that would begin on `on` or later is deleted.

    Errors: ChangeDenied for one's own administrator role.
    """
    if by is not None and membership.user_id == by.pk and membership.role == Role.ADMINISTRATOR:
        raise ChangeDenied("", "Không thể tự bỏ vai trò quản trị của mình.")
    detail = {
        "unit": membership.unit_id,
        "role": membership.role,
        "from": membership.valid_from,
        "first_day_without": on,
    }
    if membership.valid_until is not None and membership.valid_until < on:
        raise ChangeDenied("", f"Vai trò này đã hết ngày {format_day(membership.valid_until)}.")
    if membership.valid_from >= on:
        membership.delete()
    else:
        membership.valid_until = on - timedelta(1)
        membership.save(update_fields=["valid_until"])
    log.append("membership.end", by=by, subject=user_subject(membership.user), detail=detail)


def successor_for_people(old: Unit, parts: Iterable[tuple[str, Fraction]]) -> str:
    """The code of the successor that people follow, of successors by code and share: the one with the old code, else
    the one with the largest share, the first of equals.
    """
    parts = list(parts)
    same_code = [code for code, _ in parts if code == old.code]
    return same_code[0] if same_code else max(parts, key=lambda part: part[1])[0]


def follow_roles(old: Unit, new: Unit, on: date, *, by: User | None) -> list[Membership]:
    """Copy the roles in `old` that are valid on `on` or later to `new`, with the same dates from `on` on."""
    followed = []
    for membership in open_roles_in([old], on).order_by("user", "role", "valid_from", "pk"):
        since, until = max(membership.valid_from, on), membership.valid_until
        try:
            followed.append(
                add_membership(membership.user, new, membership.role, since, by=by, valid_until=until)
            )
        except ChangeDenied:
            # Somebody has the role there already.
            continue
    return followed


def open_roles_in(olds: Sequence[Unit], on: date):
    """Roles of active people in these units themselves, valid on a day or later."""
    still = Q(valid_until=None) | Q(valid_until__gte=on)
    memberships = Membership.objects.filter(still, unit__in=[unit.pk for unit in olds], user__is_active=True)
    return memberships.select_related("user", "unit")
