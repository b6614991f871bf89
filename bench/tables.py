"""E2: a page's table as a workbook, compared with XlsxWriter alone."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import xlsxwriter

from figures.rounding import rounded_percent
from spreadsheets.table_writer import PrintedRate, TableColumn, TableFile
from spreadsheets.xlsx_writer import write_workbook

from .measurement import Result, versus

AT = datetime(2026, 2, 20, tzinfo=UTC)
DAY = date(2026, 2, 14)
COUNTS = 10
COLUMNS = (
    TableColumn("name", "Đơn vị"),
    TableColumn("code", "Mã"),
    TableColumn("day", "Ngày"),
    *(TableColumn(f"count_{place}", f"Số {place}", total=True) for place in range(COUNTS)),
    TableColumn("share", "Tỷ lệ", share=("count_0", "count_1")),
    TableColumn("note", "Ghi chú"),
)


def export_rows(number: int = 40_000) -> Iterator[Result]:
    """`number` rows of fifteen columns: texts, a date, whole numbers with totals, a share as a formula."""
    rows = [_row(place) for place in range(number)]
    times = versus(partial(_ours, rows), partial(_xlsxwriter_alone, rows), times=5, warm=0)
    scale = f"{number:,} rows × {len(COLUMNS)} columns"
    yield Result("E2 table of a page as XLSX ÷ XlsxWriter alone", scale, *times, goal=1.3)


def _row(place: int) -> tuple[Any, ...]:
    counts = (place % 97 + 3, *(place % (number + 50) + 100 for number in range(1, COUNTS)))
    return f"xã {place}", f"{place:05}", DAY, *counts, PrintedRate("12,5%", "12.5"), "đủ"


def _ours(rows: list[tuple]) -> None:
    with write_workbook(TableFile("bang", "Bảng", COLUMNS, rows, AT, percent=rounded_percent)):
        pass


def _xlsxwriter_alone(rows: list[tuple]) -> None:
    with tempfile.TemporaryFile() as stream, xlsxwriter.Workbook(stream, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        text, count, rate, day = (
            book.add_format({"num_format": code}) for code in ("@", "#,##0", "0.0%", "dd/mm/yyyy")
        )
        first = 3 + COUNTS
        for at, row in enumerate(rows):
            sheet.write_string(at, 0, row[0], text)
            sheet.write_string(at, 1, row[1], text)
            sheet.write_datetime(at, 2, row[2], day)
            for place in range(3, first):
                sheet.write_number(at, place, row[place], count)
            sheet.write_formula(at, first, f'=IF(N(E{at + 1})=0,"—",N(D{at + 1})/E{at + 1})', rate, 0.125)
            sheet.write_string(at, first + 1, row[-1], text)
