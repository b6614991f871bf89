"""Tables of people, roles and rights as files: all rows, whatever a page shows at once."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from ledger.models import Message
from spreadsheets.table_file import ROWS_AT_ONCE, TableColumn, TableFile, table_rows
from units.models import Membership, Receiver

from .queries import RoleHolder


def _roles_today(person: User) -> str:
    return "; ".join(f"{one.get_role_display()}, {one.unit.name}" for one in person.roles_today)


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
    TableColumn("name", "Người dùng", lambda one: str(one.user), width=40),
    TableColumn("role", "Vai trò", "get_role_display", width=24),
    TableColumn("unit_code", "Mã đơn vị", "unit.code"),
    TableColumn("unit", "Đơn vị", "unit.name", width=30),
    TableColumn("valid_from", "Từ ngày"),
    TableColumn("valid_until", "Đến hết ngày"),
)


def people_file(people: QuerySet[User], day: date, at: datetime, told: str = "") -> TableFile:
    """People with the roles that are valid on a day."""
    valid = Membership.objects.valid_on(day).select_related("unit").order_by("unit__path", "role")
    found = people.prefetch_related(Prefetch("memberships", valid, to_attr="roles_today"))
    source = [("Bộ lọc", told)] if told else ()
    rows = table_rows(PEOPLE, found.iterator(ROWS_AT_ONCE))
    return TableFile("nguoi-dung", "Người dùng", PEOPLE, rows, at, source)


def members_file(title: str, members: QuerySet[Membership], at: datetime) -> TableFile:
    """Roles with who holds them and where."""
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


def rights_file(lines: Iterable[RoleHolder], at: datetime, told: str) -> TableFile:
    """Who may do what, of all pages; `told` is the filter in words."""
    source = [("Bộ lọc", told)] if told else ()
    return TableFile("ai-duoc-lam-gi", "Ai được làm gì", RIGHTS, table_rows(RIGHTS, lines), at, source)


RECEIVERS = (
    TableColumn("name", "Hệ thống", width=34),
    TableColumn("unit", "Đơn vị", "unit.name", width=30),
    TableColumn("url", "Địa chỉ nhận", width=60),
    TableColumn("stopped_at", "Ngừng lúc", width=20),
)


def receivers_file(found: Iterable[Receiver], at: datetime) -> TableFile:
    """Higher systems that approved figures are pushed to."""
    rows = table_rows(RECEIVERS, found)
    return TableFile("noi-nhan", "Hệ thống nhận số liệu đã duyệt", RECEIVERS, rows, at)


def messages_file(found: QuerySet[Message], names: Mapping[int, str], at: datetime) -> TableFile:
    """What was or is to be sent, without what it says; `names` of the receivers by number."""
    columns = (
        TableColumn("created_at", "Lúc duyệt", width=20),
        TableColumn("to", "Nơi nhận", lambda one: names[one.destination], width=34),
        TableColumn("about", "Nội dung", "subject", width=50),
        TableColumn("state", "Tình trạng", "get_state_display"),
        TableColumn("attempts", "Số lần gửi"),
        TableColumn("delivered_at", "Đã nhận lúc", width=20),
    )
    rows = table_rows(columns, found.iterator(ROWS_AT_ONCE))
    return TableFile("tin-gui-di", "Tin đã gửi và đang chờ", columns, rows, at)
