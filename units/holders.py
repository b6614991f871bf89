"""Who may do what: the roles that people hold on a day in the units that somebody administers."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import NamedTuple

from django.db.models import Q, QuerySet

from . import factors
from .administering import staffed
from .models import Membership, Unit, User

_CHUNK = 1_000
STATES = {
    "": "Mọi tài khoản",
    "no_factor": "Chưa bật xác thực hai bước",
    "never": "Chưa đăng nhập lần nào",
    "locked": "Đã khóa",
    "closed": "Đơn vị đã đóng",
}


class Line(NamedTuple):
    """A role with what is asked about its holder."""

    membership: Membership
    factor: bool
    closed: bool


def holders(user: User, day: date, *, under: Unit | None = None, role: str = "", state: str = "") -> QuerySet:
    """Roles valid on `day` in units whose people the user manages, by unit and role; `under` a unit and all below."""
    units = staffed(user, day)
    if under is not None:
        units = units.under(under)
    found = Membership.objects.valid_on(day).filter(unit__in=units).select_related("user", "unit")
    if role:
        found = found.filter(role=role)
    return _in_state(found, state, day).order_by("unit__path", "role", "user__username", "pk")


def _in_state(found: QuerySet, state: str, day: date) -> QuerySet:
    if state == "no_factor":
        return found.exclude(user__in=factors.holding())
    wanted = {
        "never": Q(user__last_login=None),
        "locked": Q(user__is_active=False),
        "closed": Q(unit__active_until__lt=day),
    }
    return found.filter(wanted.get(state, Q()))


def lines(page: list[Membership], day: date) -> list[Line]:
    """The rows of a page, with one more question for all of them."""
    have = factors.holders({one.user_id for one in page})
    return [Line(one, one.user_id in have, one.unit.is_over(day)) for one in page]


def every_line(found: QuerySet, day: date) -> Iterator[Line]:
    """All rows, a thousand at a time."""
    for some in _batched(found.iterator(_CHUNK), _CHUNK):
        yield from lines(some, day)


def _batched(rows: Iterable[Membership], size: int) -> Iterator[list[Membership]]:
    """The rows in lists of at most `size` (itertools has it from Python 3.12 on)."""
    rest = iter(rows)
    while some := list(islice(rest, size)):
        yield some
