"""Tables of people, roles and rights as files: all rows, whatever a page shows at once."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from ledger.models import Message
from spreadsheets.table_file import ROWS_AT_ONCE, Cell, TableColumn, TableFile
from units.models import Membership, Receiver

from .queries import RoleHolder

PEOPLE = (
    TableColumn("name", "Họ và tên", width=30),
    TableColumn("username", "Tên đăng nhập"),
    TableColumn("position", "Chức danh", width=30),
    TableColumn("roles", "Vai trò hôm nay", width=60),
    TableColumn("state", "Tài khoản"),
)
MEMBERS = (
    TableColumn("name", "Người dùng", width=40),
    TableColumn("role", "Vai trò", width=24),
    TableColumn("unit_code", "Mã đơn vị"),
    TableColumn("unit", "Đơn vị", width=30),
    TableColumn("valid_from", "Từ ngày"),
    TableColumn("valid_until", "Đến hết ngày"),
)


def people_file(people: QuerySet[User], day: date, at: datetime, told: str = "") -> TableFile:
    """People with the roles that are valid on a day."""
    valid = Membership.objects.valid_on(day).select_related("unit").order_by("unit__path", "role")
    found = people.prefetch_related(Prefetch("memberships", valid, to_attr="roles_today"))
    source = [("Bộ lọc", told)] if told else ()
    return TableFile(
        "nguoi-dung", "Người dùng", PEOPLE, map(_person, found.iterator(ROWS_AT_ONCE)), at, source
    )


def _person(person: User) -> tuple[Cell, ...]:
    roles = "; ".join(f"{one.get_role_display()}, {one.unit.name}" for one in person.roles_today)
    state = "Đang dùng" if person.is_active else "Đã khóa"
    if person.is_active and person.must_change_password:
        state = "Chờ đổi mật khẩu"
    return str(person), person.username, person.position, roles, state


def members_file(title: str, members: QuerySet[Membership], at: datetime) -> TableFile:
    """Roles with who holds them and where."""
    rows = (
        (str(one.user), one.get_role_display(), one.unit.code, one.unit.name, one.valid_from, one.valid_until)
        for one in members.select_related("user", "unit").iterator(ROWS_AT_ONCE)
    )
    return TableFile("phan-quyen", title, MEMBERS, rows, at)


RIGHTS = (
    TableColumn("unit_code", "Mã đơn vị"),
    TableColumn("unit", "Đơn vị", width=30),
    TableColumn("name", "Người", width=34),
    TableColumn("username", "Tên đăng nhập"),
    TableColumn("role", "Vai trò", width=24),
    TableColumn("valid_from", "Từ ngày"),
    TableColumn("valid_until", "Đến hết ngày"),
    TableColumn("last_login", "Đăng nhập gần nhất", width=20),
    TableColumn("factor", "Xác thực hai bước"),
    TableColumn("account", "Tài khoản"),
    TableColumn("unit_closed", "Đơn vị đóng hết ngày"),
)


def rights_file(lines: Iterable[RoleHolder], at: datetime, told: str) -> TableFile:
    """Who may do what, of all pages; `told` is the filter in words."""
    source = [("Bộ lọc", told)] if told else ()
    return TableFile("ai-duoc-lam-gi", "Ai được làm gì", RIGHTS, map(_right, lines), at, source)


def _right(line: RoleHolder) -> tuple[Cell, ...]:
    one = line.membership
    return (
        one.unit.code,
        one.unit.name,
        str(one.user),
        one.user.username,
        one.get_role_display(),
        one.valid_from,
        one.valid_until,
        one.user.last_login,
        "có" if line.factor else "không",
        "Đang dùng" if one.user.is_active else "Đã khóa",
        one.unit.active_until if line.closed else None,
    )


RECEIVERS = (
    TableColumn("name", "Hệ thống", width=34),
    TableColumn("unit", "Đơn vị", width=30),
    TableColumn("url", "Địa chỉ nhận", width=60),
    TableColumn("stopped_at", "Ngừng lúc", width=20),
)
MESSAGES = (
    TableColumn("created_at", "Lúc duyệt", width=20),
    TableColumn("to", "Nơi nhận", width=34),
    TableColumn("about", "Nội dung", width=50),
    TableColumn("state", "Tình trạng"),
    TableColumn("attempts", "Số lần gửi"),
    TableColumn("delivered_at", "Đã nhận lúc", width=20),
)


def receivers_file(found: Iterable[Receiver], at: datetime) -> TableFile:
    """Higher systems that approved figures are pushed to."""
    rows = ((one.name, one.unit.name, one.url, one.stopped_at) for one in found)
    return TableFile("noi-nhan", "Hệ thống nhận số liệu đã duyệt", RECEIVERS, rows, at)


def messages_file(found: QuerySet[Message], names: Mapping[int, str], at: datetime) -> TableFile:
    """What was or is to be sent, without what it says; `names` of the receivers by number."""
    rows = (
        (
            one.created_at,
            names[one.destination],
            one.subject,
            one.get_state_display(),
            one.attempts,
            one.delivered_at,
        )
        for one in found.iterator(ROWS_AT_ONCE)
    )
    return TableFile("tin-gui-di", "Tin đã gửi và đang chờ", MESSAGES, rows, at)
