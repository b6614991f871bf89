"""Cut-off rules, due rules, holidays and the coming months as downloadable tables."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from figures.periods import Month
from records.models import CutoffRule, DueRule, Holiday
from spreadsheets.table_file import TableColumn, TableFile, table_rows

FIRST_MONTH_COLUMN = TableColumn(
    "month", "Từ tháng", lambda one: Month.from_number(one.first_month).label, width=20
)
SETTING_UNIT_COLUMNS = (
    TableColumn("unit", "Đơn vị đặt", "unit.name", width=34),
    TableColumn("code", "Mã", "unit.code"),
)


def cutoff_rules_file(found: Iterable[tuple[CutoffRule, Month | None, bool]], at: datetime) -> TableFile:
    """Cut-off days, each with its first month (None: from the beginning)."""
    rows = (
        (first.label if first else "Từ đầu", f"ngày {one.day}" if one.day else "ngày cuối tháng")
        for one, first, _ in found
    )
    columns = (FIRST_MONTH_COLUMN, TableColumn("day", "Chốt vào", width=20))
    return TableFile("ngay-chot", "Ngày chốt kỳ báo cáo", columns, rows, at)


def due_rules_file(found: Iterable[DueRule], at: datetime) -> TableFile:
    """How many working days after its end a month is due, by tier."""
    columns = (
        FIRST_MONTH_COLUMN,
        TableColumn("tier", "Cấp", lambda one: one.get_tier_display() if one.tier else "Mọi cấp"),
        TableColumn("days", "Ngày làm việc", "working_days"),
    )
    return TableFile("han-gui", "Hạn gửi báo cáo", columns, table_rows(columns, found), at)


def holidays_file(found: Iterable[Holiday], at: datetime) -> TableFile:
    """Days on which nobody works."""
    columns = (TableColumn("day", "Ngày"), TableColumn("name", "Tên", width=40))
    return TableFile("ngay-nghi", "Ngày nghỉ", columns, table_rows(columns, found), at)


def coming_months_file(
    found: Sequence[tuple[Month, Any, Sequence[tuple[str, date]]]], at: datetime
) -> TableFile:
    """The next months: their days, and when each tier is due."""
    tiers = [name for name, _ in found[0][2]] if found else []
    columns = (
        TableColumn("month", "Tháng báo cáo", width=20),
        TableColumn("start", "Từ ngày"),
        TableColumn("end", "Đến hết ngày"),
        *(TableColumn(f"due_{place}", f"Hạn gửi, {name}") for place, name in enumerate(tiers)),
    )
    rows = ((month.label, span.start, span.end, *(day for _, day in dues)) for month, span, dues in found)
    return TableFile("thang-toi", "Kỳ báo cáo và hạn gửi các tháng tới", columns, rows, at)
