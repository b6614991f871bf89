"""The roles of people on a day in the units that an administrator manages; people, roles and rights as files."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Prefetch, Q, QuerySet

from accounts import second_factor
from accounts.models import User
from core.database import batched
from spreadsheets.table_writer import ROWS_AT_ONCE, TableColumn, TableFile, table_rows
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
    """A row of the list of rights."""

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
    memberships = Membership.objects.valid_on(day).filter(unit__in=units).select_related("user", "unit")
    if role:
        memberships = memberships.filter(role=role)
    return _in_state(memberships, state, day).order_by("unit__path", "role", "user__username", "pk")


def _in_state(memberships: QuerySet, state: str, day: date) -> QuerySet:
    if state == "no_factor":
        return memberships.exclude(user__in=second_factor.all_users_with_device())
    conditions = {
        "never": Q(user__last_login=None),
        "locked": Q(user__is_active=False),
        "closed": Q(unit__active_until__lt=day),
    }
    return memberships.filter(conditions.get(state, Q()))


def holder_lines(page: list[Membership], day: date) -> list[RoleHolder]:
    """The rows of a page, with one more query for all of them."""
    have = second_factor.users_with_device({membership.user_id for membership in page})
    return [
        RoleHolder(membership, membership.user_id in have, membership.unit.is_over(day))
        for membership in page
    ]


def all_holder_lines(memberships: QuerySet, day: date) -> Iterator[RoleHolder]:
    """All rows, a thousand at a time."""
    for chunk in batched(memberships.iterator(_CHUNK), _CHUNK):
        yield from holder_lines(chunk, day)


def _roles_today(person: User) -> str:
    return "; ".join(
        f"{membership.get_role_display()}, {membership.unit.name}" for membership in person.roles_today
    )


def _account_state(person: User) -> str:
    if not person.is_active:
        return "Đã khóa"
    return "Chờ đổi mật khẩu" if person.must_change_password else "Đang dùng"


PEOPLE = (
    TableColumn("name", "Họ và tên", str, width=30),
    TableColumn("username", "Tên đăng nhập"),
    TableColumn("position", "Chức danh", width=30),
    TableColumn("roles", "Vai trò hôm nay", _roles_today, width=60),
    TableColumn("state", "Tài khoản", _account_state),
)
MEMBERS = (
    TableColumn("name", "Người dùng", lambda membership: str(membership.user), width=40),
    TableColumn("role", "Vai trò", "get_role_display", width=24),
    TableColumn("unit_code", "Mã đơn vị", "unit.code"),
    TableColumn("unit", "Đơn vị", "unit.name", width=30),
    TableColumn("valid_from", "Từ ngày"),
    TableColumn("valid_until", "Đến hết ngày"),
)


def people_file(people: QuerySet[User], day: date, at: datetime, filter_text: str = "") -> TableFile:
    """People with the roles that are valid on a day."""
    valid = Membership.objects.valid_on(day).select_related("unit").order_by("unit__path", "role")
    listed = people.prefetch_related(Prefetch("memberships", valid, to_attr="roles_today"))
    source = [("Bộ lọc", filter_text)] if filter_text else ()
    rows = table_rows(PEOPLE, listed.iterator(ROWS_AT_ONCE))
    return TableFile("nguoi-dung", "Người dùng", PEOPLE, rows, at, source)


def members_file(title: str, members: QuerySet[Membership], at: datetime) -> TableFile:
    """Roles with person and unit."""
    rows = table_rows(MEMBERS, members.select_related("user", "unit").iterator(ROWS_AT_ONCE))
    return TableFile("phan-quyen", title, MEMBERS, rows, at)


RIGHTS = (
    TableColumn("unit_code", "Mã đơn vị", "membership.unit.code"),
    TableColumn("unit", "Đơn vị", "membership.unit.name", width=30),
    TableColumn("name", "Người", lambda line: str(line.membership.user), width=34),
    TableColumn("username", "Tên đăng nhập", "membership.user.username"),
    TableColumn("role", "Vai trò", "membership.get_role_display", width=24),
    TableColumn("valid_from", "Từ ngày", "membership.valid_from"),
    TableColumn("valid_until", "Đến hết ngày", "membership.valid_until"),
    TableColumn("last_login", "Đăng nhập gần nhất", "membership.user.last_login", width=20),
    TableColumn("factor", "Xác thực hai bước", lambda line: "có" if line.factor else "không"),
    TableColumn(
        "account", "Tài khoản", lambda line: "Đang dùng" if line.membership.user.is_active else "Đã khóa"
    ),
    TableColumn(
        "unit_closed",
        "Đơn vị đóng hết ngày",
        lambda line: line.membership.unit.active_until if line.closed else None,
    ),
)


def rights_file(lines: Iterable[RoleHolder], at: datetime, filter_text: str) -> TableFile:
    """The complete list of rights; `filter_text` is the filter in words."""
    source = [("Bộ lọc", filter_text)] if filter_text else ()
    return TableFile("ai-duoc-lam-gi", "Ai được làm gì", RIGHTS, table_rows(RIGHTS, lines), at, source)
