"""The tables of rules about months as files (units.tablefile): cut-off days, due dates, holidays, closing times, and
the columns that are asked for.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from figures.periods import Month
from records.models import ClosingTime, CutoffRule, DueRule, GroupSwitch, Holiday
from units.tablefile import Column, TableFile

_MONTH = Column("month", "Từ tháng", width=20)
_NAMED = (Column("unit", "Đơn vị đặt", width=34), Column("code", "Mã"))


def closings_file(found: Iterable[ClosingTime], at: datetime) -> TableFile:
    """Closing times with their months."""
    columns = (Column("month", "Tháng báo cáo", width=20), *_NAMED, Column("closes_at", "Khóa sau", width=20))
    rows = (
        (Month.from_number(one.month).label, one.unit.name, one.unit.code, one.closes_at) for one in found
    )
    return TableFile("gio-chot", "Giờ chốt báo cáo tháng", columns, rows, at)


def switches_file(found: Iterable[GroupSwitch], at: datetime) -> TableFile:
    """Which groups of columns are asked for, by whom and since when."""
    columns = (*_NAMED, Column("group", "Nhóm cột", width=34), _MONTH, Column("state", "Tình trạng"))
    rows = (
        (
            one.unit.name,
            one.unit.code,
            one.get_group_display(),
            Month.from_number(one.first_month).label,
            "Có nhập" if one.asked else "Không nhập",
        )
        for one in found
    )
    return TableFile("nhom-cot", "Nhóm cột đã đặt", columns, rows, at)


def cutoffs_file(found: Iterable[tuple[CutoffRule, Month | None, bool]], at: datetime) -> TableFile:
    """Cut-off days, each with its first month (None: from the beginning)."""
    rows = (
        (first.label if first else "Từ đầu", f"ngày {one.day}" if one.day else "ngày cuối tháng")
        for one, first, _ in found
    )
    columns = (_MONTH, Column("day", "Chốt vào", width=20))
    return TableFile("ngay-chot", "Ngày chốt kỳ báo cáo", columns, rows, at)


def dues_file(found: Iterable[DueRule], at: datetime) -> TableFile:
    """How many working days after its end a month is due, by tier."""
    columns = (_MONTH, Column("tier", "Cấp"), Column("days", "Ngày làm việc"))
    rows = (
        (
            Month.from_number(one.first_month).label,
            one.get_tier_display() if one.tier else "Mọi cấp",
            one.working_days,
        )
        for one in found
    )
    return TableFile("han-gui", "Hạn gửi báo cáo", columns, rows, at)


def holidays_file(found: Iterable[Holiday], at: datetime) -> TableFile:
    """Days on which nobody works."""
    columns = (Column("day", "Ngày"), Column("name", "Tên", width=40))
    return TableFile("ngay-nghi", "Ngày nghỉ", columns, ((one.day, one.name) for one in found), at)


def coming_file(found: Sequence[tuple[Month, Any, Sequence[tuple[str, date]]]], at: datetime) -> TableFile:
    """The next months: their days, and when each tier is due."""
    tiers = [name for name, _ in found[0][2]] if found else []
    columns = (
        Column("month", "Tháng báo cáo", width=20),
        Column("start", "Từ ngày"),
        Column("end", "Đến hết ngày"),
        *(Column(f"due_{place}", f"Hạn gửi, {name}") for place, name in enumerate(tiers)),
    )
    rows = ((month.label, span.start, span.end, *(day for _, day in dues)) for month, span, dues in found)
    return TableFile("thang-toi", "Kỳ báo cáo và hạn gửi các tháng tới", columns, rows, at)
