"""The table of units as a file."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from django.db.models import QuerySet

from spreadsheets.table_file import ROWS_AT_ONCE, Cell, TableColumn, TableFile
from units.models import Unit
from units.tree.details import IN_FILES, detail_texts

UNITS = (
    TableColumn("name", "Đơn vị", width=40),
    TableColumn("code", "Mã"),
    TableColumn("tier", "Cấp"),
    TableColumn("kind", "Loại", width=22),
    TableColumn("parent_code", "Mã đơn vị cấp trên"),
    TableColumn("parent", "Đơn vị cấp trên", width=30),
    TableColumn("active_from", "Hoạt động từ"),
    TableColumn("active_until", "Đến hết ngày"),
    TableColumn("state", "Tình trạng"),
    TableColumn("reports", "Báo cáo hằng tháng"),
    *(TableColumn(detail.name, detail.label, width=30) for detail in IN_FILES),
)


def unit_state(unit: Unit, day: date) -> tuple[str, str]:
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
    rows = units.iterator(ROWS_AT_ONCE) if isinstance(units, QuerySet) else units
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
            unit_state(unit, day)[1],
            "có" if unit.reports else "không",
            *detail_texts(unit, IN_FILES).values(),
        )
