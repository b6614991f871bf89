"""Who may do what: the roles that people hold on a day in the units that somebody administers."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import NamedTuple

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.second_factor import devices
from units.access.queries import staffed_units
from units.models import Membership, Unit

_CHUNK = 1_000
HOLDER_STATES = {
    "": "Mọi tài khoản",
    "no_factor": "Chưa bật xác thực hai bước",
    "never": "Chưa đăng nhập lần nào",
    "locked": "Đã khóa",
    "closed": "Đơn vị đã đóng",
}


class RoleHolder(NamedTuple):
    """A role with what is asked about its holder."""

    membership: Membership
    factor: bool
    closed: bool


def role_holders(
    user: User, day: date, *, under: Unit | None = None, role: str = "", state: str = ""
) -> QuerySet:
    """Roles valid on `day` in units whose people the user manages, by unit and role; `under` a unit and all below."""
    units = staffed_units(user, day)
    if under is not None:
        units = units.under(under)
    found = Membership.objects.valid_on(day).filter(unit__in=units).select_related("user", "unit")
    if role:
        found = found.filter(role=role)
    return _in_state(found, state, day).order_by("unit__path", "role", "user__username", "pk")


def _in_state(found: QuerySet, state: str, day: date) -> QuerySet:
    if state == "no_factor":
        return found.exclude(user__in=devices.all_users_with_device())
    wanted = {
        "never": Q(user__last_login=None),
        "locked": Q(user__is_active=False),
        "closed": Q(unit__active_until__lt=day),
    }
    return found.filter(wanted.get(state, Q()))


def holder_lines(page: list[Membership], day: date) -> list[RoleHolder]:
    """The rows of a page, with one more question for all of them."""
    have = devices.users_with_device({one.user_id for one in page})
    return [RoleHolder(one, one.user_id in have, one.unit.is_over(day)) for one in page]


def all_holder_lines(found: QuerySet, day: date) -> Iterator[RoleHolder]:
    """All rows, a thousand at a time."""
    for some in _batched(found.iterator(_CHUNK), _CHUNK):
        yield from holder_lines(some, day)


def _batched(rows: Iterable[Membership], size: int) -> Iterator[list[Membership]]:
    """The rows in lists of at most `size` (itertools has it from Python 3.12 on)."""
    rest = iter(rows)
    while some := list(islice(rest, size)):
        yield some
