"""Reads the sheets of an uploaded form: each cell with its address, and faults of the sheet itself."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from figures.measures import MEASURES
from spreadsheets.cells import MB, WEB_LIMITS, Cell, FileFault, FlawedCell, UnreadableFile, column_letters
from spreadsheets.sandboxed_reader import read_sheets

from .layout import NAMES, NOTE, OURS, REASON, SIGN, SheetSignature

_MAX_FAULTS = 500
_LAST_ROW = re.compile(r"[0-9]+$")
_READ_COLUMNS = frozenset((*MEASURES, REASON))
OLD_FORM = (
    "Biểu trong tệp là mẫu cũ hoặc dấu nhận dạng của biểu đã bị sửa. Hãy tải biểu mới rồi chép số sang."
)


@dataclass(frozen=True)
class SheetCell:
    """The content of a cell (text, None for blank, or its flaw) and its address."""

    cell: Cell
    address: str


@dataclass
class UploadedSheet:
    """A sheet of the form. `cells`: by (row code, column name); `faults`: of the sheet as a whole, with addresses."""

    name: str
    sign: SheetSignature
    cells: dict[tuple[str, str], SheetCell] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)  # row code → row number
    names: dict[str, int] = field(default_factory=dict)  # column name → its place, from 0
    faults: list[FileFault] = field(default_factory=list)
    own: set[int] = field(default_factory=set)  # numbers of rows with the form's own words and sums

    def address(self, code: str, name: str) -> str:
        """The address of a cell; "" where its row or column is missing."""
        if code not in self.codes or name not in self.names:
            return ""
        return f"{column_letters(self.names[name])}{self.codes[code]}"

    def cell_at(self, code: str, name: str) -> SheetCell:
        """A cell of the form; blank where the file lacks it."""
        return self.cells.get((code, name)) or SheetCell(None, self.address(code, name))


@dataclass(frozen=True)
class UploadedWorkbook:
    """The sheets of forms in a file, the names of other sheets, and faults of unreadable ones (`refused`)."""

    sheets: list[UploadedSheet]
    others: list[str]
    refused: list[FileFault]


def read_workbook(content: bytes) -> UploadedWorkbook:
    """Every sheet of the form in a workbook, hidden ones too. No content of the file raises."""
    try:
        return _read(content)
    except UnreadableFile as broken:
        return UploadedWorkbook([], [], [broken.fault])


def _read(content: bytes) -> UploadedWorkbook:
    if len(content) > WEB_LIMITS.file:
        raise UnreadableFile("too_large", f"Tệp lớn hơn {WEB_LIMITS.file // MB} MB.")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(
            "old_excel", "Tệp .xls kiểu cũ hoặc có mật khẩu: hãy lưu lại thành .xlsx không mật khẩu."
        )
    if not content.startswith(b"PK"):
        raise UnreadableFile("unreadable", "Tệp không phải bảng tính .xlsx.")
    sheets, others, refused = [], [], []
    for name, lines in read_sheets(content, WEB_LIMITS):
        text = _first_text(lines)
        if not text.startswith(SIGN):
            others += [name] if not text.startswith(NOTE) else []
            continue
        try:
            sheets.append(_sheet(name, SheetSignature.read(text), lines))
        except ValueError:
            refused.append(FileFault(1, "", "old_form", f"Trang tính “{name}”: {OLD_FORM}"))
    return UploadedWorkbook(sheets, others, refused)


def _first_text(lines: Iterable[tuple[int, list[Cell]]]) -> str:
    """The first cell of the first row that holds anything."""
    for _, cells in lines:
        if any(cells):
            return cells[0] if isinstance(cells[0], str) else ""
    return ""


def _sheet(name: str, sign: SheetSignature, lines: Iterator[tuple[int, list[Cell]]]) -> UploadedSheet:
    sheet = UploadedSheet(name, sign)
    for number, cells in lines:
        if any(cells):
            _row(sheet, number, cells)
    return sheet


def _row(sheet: UploadedSheet, number: int, cells: list[Cell]) -> None:
    """A row: the column names, one of the form's own, one with input, or one outside the form."""
    merged = [
        at for at, cell in enumerate(cells) if isinstance(cell, FlawedCell) and cell.code == "merged_cell"
    ]
    if merged:
        # Merged cells come at the end of the sheet, after their row.
        _merge(sheet, number, merged[0], cells[merged[0]])
        return
    first = cells[0] if isinstance(cells[0], str) else ""
    if first == NAMES and not sheet.names:
        _names(sheet, number, cells)
    elif first == OURS:
        sheet.own.add(number)
    elif not first or not sheet.names:
        at = next(at for at, cell in enumerate(cells) if cell)
        _fault(sheet, number, at, "outside_form", "Dòng này ở ngoài biểu nên số ở đây không được đọc. Hãy xóa dòng, "
               "hoặc nhập vào dòng có sẵn của biểu.")  # fmt: skip
    elif first in sheet.codes:
        message = f"Dòng này lặp lại dòng {sheet.codes[first]} của biểu. Hãy xóa một dòng."
        _fault(sheet, number, 1, "repeated_row", message)
    else:
        _cells(sheet, number, first, cells)


def _merge(sheet: UploadedSheet, number: int, at: int, flaw: FlawedCell) -> None:
    """Ignore merges within the form's own rows: LibreOffice merges titles that run over their neighbours."""
    last = int(_LAST_ROW.search(flaw.shown).group()) if _LAST_ROW.search(flaw.shown) else number
    if number not in sheet.own or last != number:
        _fault(sheet, number, at, flaw.code, flaw.message)


def _names(sheet: UploadedSheet, number: int, cells: list[Cell]) -> None:
    for at, cell in enumerate(cells[1:], 1):
        if not isinstance(cell, str):
            continue
        if cell in sheet.names:
            _fault(sheet, number, at, "repeated_column", "Cột này có hai lần. Hãy xóa một cột.")
        else:
            sheet.names[cell] = at


def _cells(sheet: UploadedSheet, number: int, code: str, cells: list[Cell]) -> None:
    sheet.codes[code] = number
    for name, at in sheet.names.items():
        if name in _READ_COLUMNS:
            cell = cells[at] if at < len(cells) else None
            sheet.cells[code, name] = SheetCell(cell, f"{column_letters(at)}{number}")
    columns = set(sheet.names.values())
    # The first two columns are code and name of the row.
    for at, cell in enumerate(cells[2:], 2):
        if cell and at not in columns:
            _fault(sheet, number, at, "outside_form", "Ô này ở ngoài biểu nên không được đọc. Hãy xóa, hoặc nhập vào ô "
                   "của biểu.")  # fmt: skip


def _fault(sheet: UploadedSheet, number: int, at: int, code: str, message: str) -> None:
    if len(sheet.faults) < _MAX_FAULTS:
        sheet.faults.append(FileFault(number, "", code, message, f"{column_letters(at)}{number}"))
