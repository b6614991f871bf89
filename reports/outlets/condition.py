"""Tables of the page "Tình trạng hệ thống" as files."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import QuerySet

from figures.periods import Month
from reports.queries.condition import Tried
from units.models import Unit
from units.tablefile import Cell, Column, TableFile

SILENT = (Column("unit_code", "Mã đơn vị"), Column("unit", "Đơn vị", width=40), Column("tier", "Cấp"))
TRIED = (
    Column("name", "Người", width=34),
    Column("username", "Tên đăng nhập"),
    Column("times", "Số lần sai mật khẩu"),
    Column("latest", "Lần gần nhất", width=20),
    Column("locked", "Bị tạm khóa"),
)
NOBODY = "Tên không có tài khoản"


def silent_file(units: QuerySet[Unit], month: Month, at: datetime) -> TableFile:
    """All of them, whatever the page shows."""
    rows = ((one.code, one.name, one.get_tier_display()) for one in units.iterator(1_000))
    return TableFile(
        "chua-gui", "Đơn vị chưa gửi báo cáo tháng", SILENT, rows, at, [("Tháng báo cáo", month.label)]
    )


def tried_file(found: Iterable[Tried], at: datetime) -> TableFile:
    """Of the last day."""
    return TableFile("dang-nhap-sai", "Đăng nhập không thành công trong 24 giờ", TRIED, _tried(found), at)


def _tried(found: Iterable[Tried]) -> Iterator[tuple[Cell, ...]]:
    for one in found:
        name, username = (str(one.person), one.person.username) if one.person else (NOBODY, "")
        yield name, username, one.times, one.latest, "có" if one.locked else "không"
