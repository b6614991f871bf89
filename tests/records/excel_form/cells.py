"""Fills in Excel forms by row code and column name."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import openpyxl
from openpyxl.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

Cells = Mapping[tuple[str, str], Any]


def opened(content: bytes, *, values: bool = False) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values)


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def cell(sheet: Worksheet, code: str, name: str) -> Cell:
    """The cell for a row code and a column name."""
    rows = {row[0].value: row[0].row for row in reversed(list(sheet.iter_rows(max_col=1)))}
    names = {head.value: head.column for head in sheet[rows["cchc-names"]]}
    return sheet.cell(rows[code], names[name])


def filled(content: bytes, cells: Cells, change: Callable[[Worksheet], None] | None = None) -> bytes:
    """The form with these cells overwritten, saved without formula results."""
    book = opened(content)
    sheet = book.worksheets[0]
    for (code, name), value in cells.items():
        cell(sheet, code, name).value = value
    if change:
        change(sheet)
    return saved(book)
