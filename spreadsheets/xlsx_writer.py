"""Writes a table as a workbook, row by row with constant memory: typed cells, frozen header, formulas for totals and
shares, and a sheet with its sources.
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

HEAD = 3  # rows: title, subtitle, column headings
# Sources that are also in the subtitle.
_IN_SUBTITLE = ("Đơn vị", "Kỳ báo cáo", "Năm", "Phạm vi", "Bộ lọc", "Lưu ý")
LONGEST = 32_000
MOST_ROWS = 1_048_576 - HEAD - 1
# Text that looks like a formula or an address stays text (acceptance S25).
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
COUNT = "#,##0"
_DAY, _MOMENT = "dd/mm/yyyy", "hh:mm dd/mm/yyyy"


def new_workbook(stream: IO[bytes], *, row_by_row: bool = True) -> xlsxwriter.Workbook:
    """A workbook that is written to the stream when its context ends. `row_by_row`: rows are written strictly from top
    to bottom with constant memory; else all of it stays in memory.
    """
    return xlsxwriter.Workbook(stream, {**_OPTIONS, "constant_memory" if row_by_row else "in_memory": True})


def write_workbook(table: TableFile) -> IO[bytes]:
    """The workbook as an open temporary file at its beginning."""
    stream = tempfile.TemporaryFile()
    with new_workbook(stream) as book:
        _TableSheet(book, table).write()
        write_source_sheet(book, table.all_sources)
    stream.seek(0)
    return stream


def xlsx_text(text: str) -> str:
    """Text valid in XLSX: without control characters, and truncated."""
    return text.translate(CONTROLS)[:LONGEST]


def percent_format(decimals: int) -> str:
    """The number format of a percentage."""
    return f"0.{'0' * decimals}%" if decimals else "0%"


def print_across(sheet: Any, *head_rows: int) -> None:
    """Print on A4 landscape, all columns on a page, the head rows (first, last) on each page."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    if head_rows:
        sheet.repeat_rows(*head_rows)


class Sheet:
    """A sheet with title, subtitle and frozen header, written strictly from top to bottom. `widths`: of the columns, in
    characters.
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

    def head(self, title: str, subtitle: str) -> None:
        self.sheet.write_string(0, 0, xlsx_text(title), self.style(self.title_format, True))
        self.sheet.write_string(1, 0, xlsx_text(subtitle))
        head = self.book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        if self.head_height:
            self.sheet.set_row(HEAD - 1, self.head_height)
        for place, heading in enumerate(self.titles):
            self.sheet.write_string(HEAD - 1, place, xlsx_text(heading), head)

    def text(self, at: int, column: int, text: str, bold: bool = False) -> None:
        self.sheet.write_string(at, column, xlsx_text(text), self.style("@", bold))

    def number(self, at: int, column: int, number: int | None, bold: bool = False, formula: str = "") -> None:
        """A count, optionally with its formula; blank if not reported."""
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
        """A rate as a formula over two cells with its result `value`; "—" if the denominator is 0."""
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
        self.head(self.table.title, _subtitle(self.table.all_sources))
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
        """A rate with the decimals of its printed text, as a formula if it has a share."""
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
        """The share of two totals; "—" if no row reports the numerator, where a formula would give 0%."""
        above, below = (self.totals.get(self.places[key]) for key in share)
        if above is None:
            self.no_rate(at, place, True)
            return
        printed = self.table.percent(above, below, self.decimals) if below else None
        decimals = len(printed.partition(".")[2]) if printed else self.decimals
        value = above / below if below else "—"
        self.rate(at, place, *self._share_cells(share, at), value, decimals, True)


def _subtitle(sources: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{label}: {text}" for label, text in sources if label in _IN_SUBTITLE)


def write_source_sheet(book: xlsxwriter.Workbook, sources: Iterable[tuple[str, str]]) -> None:
    """Sheet "Nguồn" with labels and texts."""
    sheet = book.add_worksheet("Nguồn")
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 110)
    print_across(sheet)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for at, (label, text) in enumerate(sources):
        sheet.write_string(at, 0, xlsx_text(label), bold)
        sheet.write_string(at, 1, xlsx_text(text), wrap)
