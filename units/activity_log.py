"""The change log of a unit, user or token in Vietnamese, for its page and as a file."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import QuerySet

from core.dates import format_day
from ledger.models import Entry
from spreadsheets.table_writer import TableColumn, TableFile, table_rows

from .models import Role, TokenScope
from .tree import details

ACTIONS = {
    "unit.open": "Mở đơn vị",
    "unit.close": "Đóng đơn vị",
    "unit.reopen": "Hoàn tác đóng đơn vị",
    "unit.succeed": "Ghi quan hệ kế thừa",
    "unit.merge": "Sáp nhập, thay thế thành đơn vị này",
    "unit.split": "Chia tách, chuyển một phần thành đơn vị này",
    "unit.undo_joining": "Hoàn tác sáp nhập, chia tách vào đơn vị này",
    "unit.undo_merger": "Hoàn tác sáp nhập, chia tách",
    "unit.recount": "Ghi số tính lại khi chia tách",
    "cases.import": "Nạp tệp hồ sơ từ hệ thống một cửa",
    "cases.share": "Dùng chung cách ghép cột cho các đơn vị bên dưới",
    "user.create": "Tạo tài khoản, cấp mật khẩu",
    "user.issue_password": "Cấp lại mật khẩu",
    "user.invite": "Gửi thư mời đặt mật khẩu",
    "user.change_password": "Đổi mật khẩu",
    "user.edit": "Sửa thông tin",
    "user.disable": "Khóa tài khoản",
    "user.enable": "Mở khóa tài khoản",
    "factor.confirm": "Bật xác thực hai bước",
    "factor.recover": "Đăng nhập bằng mã khôi phục",
    "factor.renew_codes": "Tạo mã khôi phục mới",
    "factor.drop": "Tắt xác thực hai bước",
    "factor.reset": "Đặt lại xác thực hai bước",
    "session.end": "Kết thúc một phiên đăng nhập",
    "session.end_all": "Kết thúc các phiên đăng nhập",
    "identity.link": "Gắn tài khoản đăng nhập một lần",
    "identity.unlink": "Gỡ tài khoản đăng nhập một lần",
    "safety.set": "Sửa quy định an toàn",
    "user.leave": "Nghỉ việc",
    "user.export": "Xuất dữ liệu cá nhân",
    "user.transfer": "Chuyển công tác",
    "membership.add": "Giao vai trò",
    "membership.end": "Kết thúc vai trò",
    "token.create": "Cấp khóa truy cập",
    "token.revoke": "Thu hồi khóa truy cập",
    "receiver.create": "Thêm nơi nhận số liệu",
    "receiver.stop": "Ngừng gửi số liệu",
}
_LABELS = {
    "code": "mã",
    "name": "tên",
    "username": "tên đăng nhập",
    "full_name": "họ và tên",
    "position": "chức danh",
    "email": "thư điện tử",
    "mail_muted": "không nhận nhắc việc qua thư điện tử",
    "old_unit": "đơn vị cũ",
    "new_unit": "đơn vị mới",
    "on": "ngày",
    "basis": "căn cứ",
    **{detail.name: detail.label.lower() for detail in details.DETAILS},
    "source": "từ tệp",
    "file": "tệp",
    "rows": "số dòng",
    "system": "cách ghép cột",
    "active_from": "hoạt động từ",
    "active_until": "đến hết",
    "share": "tỷ lệ",
    "unit_code": "mã đơn vị",
    "issuer": "máy chủ đăng nhập",
    "subject": "mã định danh",
    "idle_minutes": "số phút không thao tác",
    "password_length": "độ dài mật khẩu",
    "password_kinds": "mật khẩu đủ bốn loại ký tự",
    "password_days": "số ngày phải đổi mật khẩu",
    "addresses": "địa chỉ quản trị",
    "codes_left": "số mã còn lại",
    "role": "vai trò",
    "from": "từ ngày",
    "until": "đến",
    "first_day_without": "thôi từ ngày",
    "scopes": "được làm",
    "given_up": "số tin không gửi nữa",
    "expires": "hết hạn",
}
LINES_SHOWN = 30


class LogLine(NamedTuple):
    at: datetime
    actor: str
    what: str
    detail: str


def latest_log_lines(subject: str, limit: int = LINES_SHOWN) -> list[LogLine]:
    """The newest entries about a subject such as "unit:7", newest first."""
    return [_line(item) for item in _entries(subject)[:limit]]


def all_log_lines(subject: str) -> Iterator[LogLine]:
    """All entries about a subject, newest first, read lazily."""
    return map(_line, _entries(subject).iterator(1_000))


def _entries(subject: str) -> QuerySet[Entry]:
    return Entry.objects.filter(subject=subject).order_by("-sequence")


def _line(item: Entry) -> LogLine:
    return LogLine(item.at, item.actor, ACTIONS.get(item.action, "Thay đổi khác"), _words(item.detail))


def _words(detail: dict) -> str:
    pairs = [(label, _value_in_words(name, detail.get(name))) for name, label in _LABELS.items()]
    return "; ".join(f"{label} {value}" for label, value in pairs if value)


def _value_in_words(name: str, value) -> str:
    if value in (None, ""):
        return ""
    if isinstance(value, list):
        return " → ".join(_scalar_in_words(item) or "(trống)" for item in value)
    if name == "role":
        return Role(value).label if value in Role.values else ""
    if name == "scopes":
        return ", ".join(
            TokenScope(item).label.lower() for item in value.split() if item in TokenScope.values
        )
    try:
        return format_day(date.fromisoformat(str(value)[:10])) if str(value)[4:5] == "-" else str(value)
    except ValueError:
        return str(value)


def _scalar_in_words(value) -> str:
    return ("có" if value else "không") if isinstance(value, bool) else str(value)


LOG = (
    TableColumn("at", "Thời điểm", width=20),
    TableColumn("what", "Việc", width=34),
    TableColumn("detail", "Chi tiết", width=70),
    TableColumn("actor", "Người thực hiện", width=34),
)


def log_file(title: str, lines: Iterable[LogLine], at: datetime) -> TableFile:
    """The complete log of a unit, person or token."""
    return TableFile("nhat-ky", title, LOG, table_rows(LOG, lines), at)
