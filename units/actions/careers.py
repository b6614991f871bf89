"""A person leaves, or goes to another unit: what becomes of the roles, by rule.

A unit that closes changes nobody's roles: its last month and corrections are the same people's (units.actions.merging).
"""

from datetime import date

from django.db import transaction
from django.db.models import Q

from ledger import log
from units import factors
from units.models import Membership, RecoveryCode, Unit, User

from .people import Denied, add_membership, disable_user, end_membership, subject
from .sessions import end_sessions


@transaction.atomic
def leave(user: User, on: date, *, by: User) -> int:
    """The person leaves: `on` is the first day without any role; the account is locked, and the second factor and links
    to other servers are gone, so that unlocking it later gives nothing back. How many roles ended.

    Errors: Denied for oneself.
    """
    disable_user(user, by=by)
    held = list(_open(user, on))
    for membership in held:
        end_membership(membership, on, by=by)
    factors.drop_devices(user)
    RecoveryCode.objects.filter(user=user).delete()
    user.identities.all().delete()
    end_sessions(user)
    log.append("user.leave", by=by, subject=subject(user), detail={"on": on, "roles": len(held)})
    return len(held)


@transaction.atomic
def transfer(user: User, to: Unit, on: date, *, by: User) -> list[Membership]:
    """The person goes to another unit: every role ends, and from `on` the same roles hold there.

    Errors: Denied for oneself, for a unit that does not exist that day, and where there is no role to take along.
    """
    if by.pk == user.pk:
        raise Denied("", "Không thể tự chuyển công tác cho chính mình.")
    if to.is_over(on) or to.active_from > on:
        raise Denied("unit", f"{to.name} không hoạt động ngày đó.")
    held = [one for one in _open(user, on) if one.unit_id != to.pk]
    if not held:
        raise Denied("", "Người này không có vai trò nào ở đơn vị khác để chuyển.")
    for membership in held:
        end_membership(membership, on, by=by)
    kept = set(_open(user, on).values_list("role", flat=True))
    roles = sorted({one.role for one in held} - kept)
    new = [add_membership(user, to, role, on, by=by) for role in roles]
    log.append("user.transfer", by=by, subject=subject(user), detail={"unit_code": to.code, "on": on})
    return new


def _open(user: User, on: date):
    """The roles that hold on a day or later."""
    still = Q(valid_until=None) | Q(valid_until__gte=on)
    return Membership.objects.select_for_update(of=("self",)).select_related("unit").filter(still, user=user)
