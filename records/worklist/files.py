"""The tables of the work list as files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from core.database import batched
from figures.periods import Month
from records.approval.queries import WaitingEdition
from records.submissions import month_status
from spreadsheets.table_writer import Cell, TableColumn, TableFile, table_rows
from units.access.unit_locations import UnitLocations
from units.models import Unit

UNIT_COLUMNS = (
    TableColumn("unit", "Đơn vị", "unit.name", width=34),
    TableColumn("code", "Mã", "unit.code"),
)
_BATCH_SIZE = 200


def _unit_columns(lies: UnitLocations) -> tuple[TableColumn, ...]:
    """Name, code, and the province where there are several; for rows that have a `unit`."""
    if not lies.provinces:
        return UNIT_COLUMNS
    province = TableColumn(
        "province", "Tỉnh, thành phố", lambda row: str(lies.province(row.unit) or ""), width=30
    )
    return (*UNIT_COLUMNS, province)


def _unit_cells(unit: Unit, lies: UnitLocations) -> tuple[Cell, ...]:
    named = unit.name, unit.code
    return (*named, str(lies.province(unit) or "")) if lies.provinces else named


def status_matrix_file(
    units: Iterable[Unit],
    months: Sequence[Month],
    statuses_of: Callable[[list[Unit]], dict[int, list[month_status.MonthStatus]]],
    lies: UnitLocations,
    at: datetime,
) -> TableFile:
    """Units × months with the status of each in words; `statuses_of` queries those of many units at once."""
    columns = (*_unit_columns(lies), *(TableColumn(str(month), month.label, width=24) for month in months))
    return TableFile(
        "tinh-hinh-gui", "Tình hình gửi báo cáo tháng", columns, _status_rows(units, statuses_of, lies), at
    )


def _status_rows(
    units: Iterable[Unit],
    statuses_of: Callable[[list[Unit]], dict[int, list[month_status.MonthStatus]]],
    lies: UnitLocations,
) -> Iterator[tuple[Cell, ...]]:
    for some in batched(units, _BATCH_SIZE):
        statuses = statuses_of(some)
        for unit in some:
            yield *_unit_cells(unit, lies), *(status.words for status in statuses[unit.pk])


MISSING_COLUMNS = (
    TableColumn("month", "Tháng báo cáo", "month.label"),
    TableColumn("due_on", "Hạn gửi"),
    TableColumn("state", "Tình trạng", "words", width=30),
    TableColumn("late_days", "Quá hạn (ngày)"),
)


def missing_months_file(
    units: Iterable[Unit],
    statuses_of: Callable[[list[Unit]], dict[int, list[month_status.MonthStatus]]],
    lies: UnitLocations,
    at: datetime,
) -> TableFile:
    """A row for each report that a unit still has to send."""
    unsent = (
        month
        for some in batched(units, _BATCH_SIZE)
        for months in statuses_of(some).values()
        for month in months
        if month.unsent
    )
    columns = (*_unit_columns(lies), *MISSING_COLUMNS)
    return TableFile("con-thieu", "Báo cáo tháng chưa gửi", columns, table_rows(columns, unsent), at)


WAITING_COLUMNS = (
    TableColumn("month", "Tháng báo cáo", "month.label"),
    TableColumn("received", "Tiếp nhận", total=True),
    TableColumn("received_before", "Tiếp nhận kỳ trước", total=True),
    TableColumn("pending_late", "Đang quá hạn", total=True),
    TableColumn("oddities", "Điều cần xem", lambda row: "; ".join(row.oddities), width=70),
    TableColumn("sent_at", "Gửi lúc", "edition.sent_at", width=20),
    TableColumn("sent_by", "Người gửi", "edition.sent_by", width=30),
)


def waiting_file(waiting: Iterable[WaitingEdition], lies: UnitLocations, at: datetime) -> TableFile:
    """The months that wait for the user's approval."""
    columns = (*_unit_columns(lies), *WAITING_COLUMNS)
    return TableFile("cho-duyet", "Báo cáo chờ duyệt", columns, table_rows(columns, waiting), at)
