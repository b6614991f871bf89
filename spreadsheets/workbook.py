"""Writes a table as a workbook, row by row with flat memory: typed cells, a frozen head, live totals and
shares, and a sheet that names its sources.
"""

import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import IO, Any

import xlsxwriter
from django.utils.timezone import localtime
from xlsxwriter.utility import xl_col_to_name

from core.text import CONTROLS

from .table_file import Cell, PrintedRate, TableColumn, TableFile

HEAD = 3  # title, what it is, column heads
# What stands under the title, where a table tells it; the rest is told in sheet "Nguồn".
_BENEATH = ("Đơn vị", "Kỳ báo cáo", "Năm", "Phạm vi", "Bộ lọc", "Lưu ý")
LONGEST = 32_000
MOST_ROWS = 1_048_576 - HEAD - 1
# Text that begins like a formula or an address stays text (acceptance S25).
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_DAY, _MOMENT, _COUNT = "dd/mm/yyyy", "hh:mm dd/mm/yyyy", "#,##0"


def write_workbook(table: TableFile) -> IO[bytes]:
    """An open file at its beginning, gone once it is closed."""
    stream = tempfile.TemporaryFile()
    with xlsxwriter.Workbook(stream, OPTIONS) as book:
        _SheetWriter(book, table).write()
        write_source_sheet(book, table.told)
    stream.seek(0)
    return stream


def xlsx_text(text: str) -> str:
    """Text that an XLSX may hold: without control characters, and within its limit."""
    return text.translate(CONTROLS)[:LONGEST]


class _SheetWriter:
    """Written strictly from top to bottom: finished rows are forgotten."""

    def __init__(self, book: xlsxwriter.Workbook, table: TableFile) -> None:
        self.book, self.table, self.columns = book, table, table.columns
        self.sheet = book.add_worksheet("Số liệu")
        self.letters = {column.key: xl_col_to_name(place) for place, column in enumerate(table.columns)}
        self.totals: dict[int, int] = {}
        self.styles: dict[tuple[str, bool], Any] = {}
        self.decimals = 0

    def write(self) -> None:
        self.sheet.freeze_panes(HEAD, 1)
        for place, column in enumerate(self.columns):
            self.sheet.set_column(place, place, column.width)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(HEAD - 1)
        self.sheet.write_string(0, 0, xlsx_text(self.table.title), self._style("", True))
        self.sheet.write_string(1, 0, xlsx_text(_beneath(self.table.told)))
        head = self.book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        for place, column in enumerate(self.columns):
            self.sheet.write_string(HEAD - 1, place, xlsx_text(column.title), head)
        at = HEAD - 1
        for at, row in enumerate(self.table.rows, HEAD):
            if at - HEAD >= MOST_ROWS:
                raise ValueError("more rows than a sheet holds")
            self._row(at, row)
        if any(column.total for column in self.columns):
            self._total(at + 1)

    def _row(self, at: int, row: Sequence[Cell]) -> None:
        for place, (column, cell) in enumerate(zip(self.columns, row, strict=True)):
            if column.total and isinstance(cell, int):
                self.totals[place] = self.totals.get(place, 0) + cell
            self._cell(at, place, column, cell)

    def _cell(self, at: int, place: int, column: TableColumn, cell: Cell) -> None:
        match cell:
            case None:
                return
            case PrintedRate():
                self._rate(at, place, column, cell)
            case str():
                self.sheet.write_string(at, place, xlsx_text(cell), self._style("@"))
            case datetime():
                moment = localtime(cell).replace(tzinfo=None)
                self.sheet.write_datetime(at, place, moment, self._style(_MOMENT))
            case date():
                self.sheet.write_datetime(
                    at, place, datetime(cell.year, cell.month, cell.day), self._style(_DAY)
                )
            case _ if column.parts:
                cells = ",".join(f"{self.letters[key]}{at + 1}" for key in column.parts)
                self.sheet.write_formula(at, place, f"=SUM({cells})", self._style(_COUNT), cell)
            case _:
                self.sheet.write_number(at, place, cell, self._style(_COUNT))

    def _rate(self, at: int, place: int, column: TableColumn, rate: PrintedRate) -> None:
        """A share divides its two cells; with the decimals that it is printed with."""
        if rate.percent is None:
            self.sheet.write_string(at, place, "—", self._style(""))
            return
        decimals = len(rate.shown.removesuffix("%").partition(",")[2])
        self.decimals = max(self.decimals, decimals)
        style = self._percent(decimals)
        value = float(rate.percent) / 100
        if column.share:
            self.sheet.write_formula(at, place, self._divided(column.share, at), style, value)
        else:
            self.sheet.write_number(at, place, value, style)

    def _divided(self, share: tuple[str, str], at: int) -> str:
        above, below = (f"{self.letters[key]}{at + 1}" for key in share)
        return f'=IF(N({below})=0,"—",N({above})/{below})'

    def _total(self, at: int) -> None:
        self.sheet.write_string(at, 0, "Tổng cộng", self._style("@", True))
        for place, column in enumerate(self.columns):
            if column.total and place in self.totals:
                letter = xl_col_to_name(place)
                formula = f"=SUM({letter}{HEAD + 1}:{letter}{at})"
                self.sheet.write_formula(at, place, formula, self._style(_COUNT, True), self.totals[place])
            elif column.share:
                self._total_share(at, place, column.share)

    def _total_share(self, at: int, place: int, share: tuple[str, str]) -> None:
        """Where no row reports what is divided there is no share: a formula would make it 0%."""
        above, below = (self.totals.get(self._place(key)) for key in share)
        if above is None:
            self.sheet.write_string(at, place, "—", self._style("", True))
            return
        printed = self.table.percent(above, below, self.decimals) if below else None
        decimals = len(printed.partition(".")[2]) if printed else self.decimals
        style = self._percent(decimals, True)
        self.sheet.write_formula(at, place, self._divided(share, at), style, above / below if below else "—")

    def _percent(self, decimals: int, bold: bool = False) -> Any:
        return self._style(f"0.{'0' * decimals}%" if decimals else "0%", bold)

    def _place(self, key: str) -> int:
        return next(place for place, column in enumerate(self.columns) if column.key == key)

    def _style(self, number: str, bold: bool = False) -> Any:
        key = (number, bold)
        if key not in self.styles:
            form = {"num_format": number} if number else {}
            self.styles[key] = self.book.add_format({**form, "bold": bold})
        return self.styles[key]


def _beneath(told: Iterable[tuple[str, str]]) -> str:
    """Unit, period and scope with their labels, in one line."""
    return "; ".join(f"{label}: {text}" for label, text in told if label in _BENEATH)


def write_source_sheet(book: xlsxwriter.Workbook, told: Iterable[tuple[str, str]]) -> None:
    """Sheet "Nguồn": pairs of what is told and its text."""
    sheet = book.add_worksheet("Nguồn")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 110)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for at, (label, text) in enumerate(told):
        sheet.write_string(at, 0, xlsx_text(label), bold)
        sheet.write_string(at, 1, xlsx_text(text), wrap)
