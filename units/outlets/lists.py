"""The tables of units and people as files (units.tablefile): all rows, whatever a page shows at once."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from django.db.models import Prefetch, QuerySet

from ledger.models import Message
from units.details import IN_FILES, texts
from units.history import Line
from units.holders import Line as RightsLine
from units.models import Membership, Receiver, Token, Unit, User
from units.tablefile import Cell, Column, TableFile

UNITS = (
    Column("name", "Đơn vị", width=40),
    Column("code", "Mã"),
    Column("tier", "Cấp"),
    Column("kind", "Loại", width=22),
    Column("parent_code", "Mã đơn vị cấp trên"),
    Column("parent", "Đơn vị cấp trên", width=30),
    Column("active_from", "Hoạt động từ"),
    Column("active_until", "Đến hết ngày"),
    Column("state", "Tình trạng"),
    Column("reports", "Báo cáo hằng tháng"),
    *(Column(detail.name, detail.label, width=30) for detail in IN_FILES),
)
PEOPLE = (
    Column("name", "Họ và tên", width=30),
    Column("username", "Tên đăng nhập"),
    Column("position", "Chức danh", width=30),
    Column("roles", "Vai trò hôm nay", width=60),
    Column("state", "Tài khoản"),
)
MEMBERS = (
    Column("name", "Người dùng", width=40),
    Column("role", "Vai trò", width=24),
    Column("unit_code", "Mã đơn vị"),
    Column("unit", "Đơn vị", width=30),
    Column("valid_from", "Từ ngày"),
    Column("valid_until", "Đến hết ngày"),
)
LOG = (
    Column("at", "Thời điểm", width=20),
    Column("what", "Việc", width=34),
    Column("detail", "Chi tiết", width=70),
    Column("actor", "Người thực hiện", width=34),
)
_CHUNK = 1_000


def state_of(unit: Unit, day: date) -> tuple[str, str]:
    """Chip and words: whether the unit exists on the day."""
    if unit.is_over(day):
        return "none", "Đã kết thúc"
    if unit.active_from > day:
        return "draft", "Chưa hoạt động"
    return "ok", "Đang hoạt động"


def units_file(units: QuerySet[Unit] | Iterable[Unit], day: date, at: datetime, told: str = "") -> TableFile:
    """Units in the order given; `told` is the filter in words."""
    return TableFile("don-vi", "Đơn vị", UNITS, _units(units, day), at, [("Bộ lọc", told)] if told else ())


def _units(units: QuerySet[Unit] | Iterable[Unit], day: date) -> Iterator[tuple[Cell, ...]]:
    names = {pk: (code, name) for pk, code, name in Unit.objects.values_list("pk", "code", "name").iterator()}
    rows = units.iterator(_CHUNK) if isinstance(units, QuerySet) else units
    for unit in rows:
        above = names.get(unit.parent_id, ("", ""))
        yield (
            unit.name,
            unit.code,
            unit.get_tier_display(),
            unit.get_kind_display(),
            *above,
            unit.active_from,
            unit.active_until,
            state_of(unit, day)[1],
            "có" if unit.reports else "không",
            *texts(unit, IN_FILES).values(),
        )


def people_file(people: QuerySet[User], day: date, at: datetime, told: str = "") -> TableFile:
    """People with the roles that are valid on a day."""
    valid = Membership.objects.valid_on(day).select_related("unit").order_by("unit__path", "role")
    found = people.prefetch_related(Prefetch("memberships", valid, to_attr="roles_today"))
    source = [("Bộ lọc", told)] if told else ()
    return TableFile("nguoi-dung", "Người dùng", PEOPLE, map(_person, found.iterator(_CHUNK)), at, source)


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
        for one in members.select_related("user", "unit").iterator(_CHUNK)
    )
    return TableFile("phan-quyen", title, MEMBERS, rows, at)


RIGHTS = (
    Column("unit_code", "Mã đơn vị"),
    Column("unit", "Đơn vị", width=30),
    Column("name", "Người", width=34),
    Column("username", "Tên đăng nhập"),
    Column("role", "Vai trò", width=24),
    Column("valid_from", "Từ ngày"),
    Column("valid_until", "Đến hết ngày"),
    Column("last_login", "Đăng nhập gần nhất", width=20),
    Column("factor", "Xác thực hai bước"),
    Column("account", "Tài khoản"),
    Column("unit_closed", "Đơn vị đóng hết ngày"),
)


def rights_file(lines: Iterable[RightsLine], at: datetime, told: str) -> TableFile:
    """Who may do what, of all pages; `told` is the filter in words."""
    source = [("Bộ lọc", told)] if told else ()
    return TableFile("ai-duoc-lam-gi", "Ai được làm gì", RIGHTS, map(_right, lines), at, source)


def _right(line: RightsLine) -> tuple[Cell, ...]:
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


def log_file(title: str, lines: Iterable[Line], at: datetime) -> TableFile:
    """The log of a unit, person or token in words, all of it."""
    rows = ((line.at, line.what, line.detail, line.actor) for line in lines)
    return TableFile("nhat-ky", title, LOG, rows, at)


TOKENS = (
    Column("name", "Hệ thống", width=34),
    Column("unit", "Đơn vị", width=30),
    Column("scopes", "Được làm", width=40),
    Column("created_by", "Người cấp", width=30),
    Column("expires_at", "Hết hạn", width=20),
    Column("last_used_at", "Dùng lần cuối", width=20),
    Column("revoked_at", "Thu hồi lúc", width=20),
    Column("answered", "Người cấp còn quản trị"),
)


def tokens_file(tokens: QuerySet[Token], at: datetime) -> TableFile:
    """Tokens of other systems (`units.keys.tokens`); nothing of a token itself is known."""
    rows = (
        (
            one.name,
            one.unit.name,
            one.scopes,
            str(one.created_by or ""),
            one.expires_at,
            one.last_used_at,
            one.revoked_at,
            "Có" if one.answered else "Không",
        )
        for one in tokens.iterator(_CHUNK)
    )
    return TableFile("khoa-truy-cap", "Khóa truy cập của hệ thống khác", TOKENS, rows, at)


RECEIVERS = (
    Column("name", "Hệ thống", width=34),
    Column("unit", "Đơn vị", width=30),
    Column("url", "Địa chỉ nhận", width=60),
    Column("stopped_at", "Ngừng lúc", width=20),
)
MESSAGES = (
    Column("created_at", "Lúc duyệt", width=20),
    Column("to", "Nơi nhận", width=34),
    Column("about", "Nội dung", width=50),
    Column("state", "Tình trạng"),
    Column("attempts", "Số lần gửi"),
    Column("delivered_at", "Đã nhận lúc", width=20),
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
        for one in found.iterator(_CHUNK)
    )
    return TableFile("tin-gui-di", "Tin đã gửi và đang chờ", MESSAGES, rows, at)
