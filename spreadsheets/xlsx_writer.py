"""Writes a table as a workbook, row by row with flat memory: typed cells, a frozen head, live totals and
shares, and a sheet that names its sources.
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import IO, Any

import xlsxwriter
from django.utils.timezone import localtime
from xlsxwriter.utility import xl_cell_to_rowcol, xl_range

from core.text import CONTROLS

from .cells import column_letters
from .table_writer import Cell, PrintedRate, TableColumn, TableFile

cell_position, cell_range = xl_cell_to_rowcol, xl_range

HEAD = 3  # title, what it is, column heads
# What stands under the title, where a table tells it; the rest is told in sheet "Nguồn".
_BENEATH = ("Đơn vị", "Kỳ báo cáo", "Năm", "Phạm vi", "Bộ lọc", "Lưu ý")
LONGEST = 32_000
MOST_ROWS = 1_048_576 - HEAD - 1
# Text that begins like a formula or an address stays text (acceptance S25).
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
COUNT = "#,##0"
_DAY, _MOMENT = "dd/mm/yyyy", "hh:mm dd/mm/yyyy"


def new_workbook(stream: IO[bytes], *, row_by_row: bool = True) -> xlsxwriter.Workbook:
    """A workbook that is written to the stream when its context ends. `row_by_row`: its sheets are written strictly
    from top to bottom, finished rows are forgotten; else all of it stays in memory.
    """
    return xlsxwriter.Workbook(stream, {**_OPTIONS, "constant_memory" if row_by_row else "in_memory": True})


def write_workbook(table: TableFile) -> IO[bytes]:
    """An open file at its beginning, gone once it is closed."""
    stream = tempfile.TemporaryFile()
    with new_workbook(stream) as book:
        _TableSheet(book, table).write()
        write_source_sheet(book, table.told)
    stream.seek(0)
    return stream


def xlsx_text(text: str) -> str:
    """Text that an XLSX may hold: without control characters, and within its limit."""
    return text.translate(CONTROLS)[:LONGEST]


def percent_format(decimals: int) -> str:
    """The number format of a percentage."""
    return f"0.{'0' * decimals}%" if decimals else "0%"


def print_across(sheet: Any, *head_rows: int) -> None:
    """Prints on A4 across, all columns on a page, the head rows (first, last) on each."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    if head_rows:
        sheet.repeat_rows(*head_rows)


class Sheet:
    """A sheet with a title, a line about it and a frozen head, written strictly from top to bottom. `widths` are those
    of its columns in letters.
    """

    title_format = "@"
    number_look: Mapping[str, Any] = {"align": "right"}
    head_height: float | None = None

    def __init__(
        self, book: xlsxwriter.Workbook, name: str, titles: Sequence[str], widths: Iterable[float]
    ) -> None:
        self.book, self.titles = book, titles
        self.sheet = book.add_worksheet(name)
        self._formats: dict[tuple[str, bool], xlsxwriter.format.Format] = {}
        self.sheet.freeze_panes(HEAD, 1)
        for place, width in enumerate(widths):
            self.sheet.set_column(place, place, width)
        print_across(self.sheet, HEAD - 1)

    def head(self, title: str, told: str) -> None:
        self.sheet.write_string(0, 0, xlsx_text(title), self.style(self.title_format, True))
        self.sheet.write_string(1, 0, xlsx_text(told))
        head = self.book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        if self.head_height:
            self.sheet.set_row(HEAD - 1, self.head_height)
        for place, one in enumerate(self.titles):
            self.sheet.write_string(HEAD - 1, place, xlsx_text(one), head)

    def text(self, at: int, column: int, text: str, bold: bool = False) -> None:
        self.sheet.write_string(at, column, xlsx_text(text), self.style("@", bold))

    def number(self, at: int, column: int, number: int | None, bold: bool = False, formula: str = "") -> None:
        """A count, also as the formula that gives it; blank where nobody reported it."""
        style = self.style(COUNT, bold)
        if number is None:
            self.sheet.write_blank(at, column, None, style)
        elif formula:
            self.sheet.write_formula(at, column, formula, style, number)
        else:
            self.sheet.write_number(at, column, number, style)

    def no_rate(self, at: int, column: int, bold: bool = False) -> None:
        self.sheet.write_string(at, column, "—", self.style("General", bold))

    def rate(
        self,
        at: int,
        column: int,
        above: str,
        below: str,
        value: float | str,
        decimals: int,
        bold: bool = False,
    ) -> None:
        """A rate as a formula of cells, `value` its result; "—" where its whole becomes nothing."""
        formula = f'=IF(N({below})=0,"—",{above}/{below})'
        self.sheet.write_formula(at, column, formula, self.style(percent_format(decimals), bold), value)

    def style(self, number: str, bold: bool = False) -> xlsxwriter.format.Format:
        key = (number, bold)
        if key not in self._formats:
            look = self.number_look if number != "@" else {}
            self._formats[key] = self.book.add_format({"num_format": number, "bold": bold, **look})
        return self._formats[key]


class _TableSheet(Sheet):
    title_format = "General"
    number_look: Mapping[str, Any] = {}

    def __init__(self, book: xlsxwriter.Workbook, table: TableFile) -> None:
        self.table, self.columns = table, table.columns
        titles = [column.title for column in table.columns]
        super().__init__(book, "Số liệu", titles, [column.width for column in table.columns])
        self.places = {column.key: place for place, column in enumerate(table.columns)}
        self.totals: dict[int, int] = {}
        self.decimals = 0

    def write(self) -> None:
        self.head(self.table.title, _beneath(self.table.told))
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
                self.text(at, place, cell)
            case datetime():
                moment = localtime(cell).replace(tzinfo=None)
                self.sheet.write_datetime(at, place, moment, self.style(_MOMENT))
            case date():
                self.sheet.write_datetime(
                    at, place, datetime(cell.year, cell.month, cell.day), self.style(_DAY)
                )
            case _:
                parts = ",".join(self._cell_name(key, at) for key in column.parts)
                self.number(at, place, cell, formula=f"=SUM({parts})" if parts else "")

    def _rate(self, at: int, place: int, column: TableColumn, rate: PrintedRate) -> None:
        """A share divides its two cells; with the decimals that it is printed with."""
        if rate.percent is None:
            self.no_rate(at, place)
            return
        decimals = len(rate.shown.removesuffix("%").partition(",")[2])
        self.decimals = max(self.decimals, decimals)
        value = float(rate.percent) / 100
        if column.share:
            self.rate(at, place, *self._share_cells(column.share, at), value, decimals)
        else:
            self.sheet.write_number(at, place, value, self.style(percent_format(decimals)))

    def _share_cells(self, share: tuple[str, str], at: int) -> tuple[str, str]:
        above, below = (self._cell_name(key, at) for key in share)
        return f"N({above})", below

    def _cell_name(self, key: str, at: int) -> str:
        return f"{column_letters(self.places[key])}{at + 1}"

    def _total(self, at: int) -> None:
        self.text(at, 0, "Tổng cộng", True)
        for place, column in enumerate(self.columns):
            if column.total and place in self.totals:
                letter = column_letters(place)
                self.number(at, place, self.totals[place], True, f"=SUM({letter}{HEAD + 1}:{letter}{at})")
            elif column.share:
                self._total_share(at, place, column.share)

    def _total_share(self, at: int, place: int, share: tuple[str, str]) -> None:
        """Where no row reports what is divided there is no share: a formula would make it 0%."""
        above, below = (self.totals.get(self.places[key]) for key in share)
        if above is None:
            self.no_rate(at, place, True)
            return
        printed = self.table.percent(above, below, self.decimals) if below else None
        decimals = len(printed.partition(".")[2]) if printed else self.decimals
        value = above / below if below else "—"
        self.rate(at, place, *self._share_cells(share, at), value, decimals, True)


def _beneath(told: Iterable[tuple[str, str]]) -> str:
    """Unit, period and scope with their labels, in one line."""
    return "; ".join(f"{label}: {text}" for label, text in told if label in _BENEATH)


def write_source_sheet(book: xlsxwriter.Workbook, told: Iterable[tuple[str, str]]) -> None:
    """Sheet "Nguồn": pairs of what is told and its text."""
    sheet = book.add_worksheet("Nguồn")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 110)
    print_across(sheet)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for at, (label, text) in enumerate(told):
        sheet.write_string(at, 0, xlsx_text(label), bold)
        sheet.write_string(at, 1, xlsx_text(text), wrap)
