"""The one reader of tables that come from outside: CSV and XLSX become rows of text with their places.

    table = read_table(path, "counts.csv", limits=BULK)
    table.faults              what is wrong with the file or its header; then `rows` gives nothing
    for row in table.rows:    row.number (1 is the header), row.cells {column: text or None}, row.faults
                              a file that breaks off or is too long ends in a row of faults without cells

Blank is None, never "" and never 0. Rows without any text are left out. Text is cleaned (units.words.clean). Nothing
here knows what a column means; a reader that wants dates or decimals out of XLSX cells says in which columns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .words import clean

MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes; `declared` is what the parts of an XLSX claim to be unpacked; rows count the header."""

    file: int
    parts: int
    declared: int
    rows: int
    columns: int
    csv_rows: int


WEB = Limits(file=5 * MB, parts=200, declared=20 * MB, rows=5_000, columns=60, csv_rows=5_000)
BULK = Limits(file=1024 * MB, parts=200, declared=100 * MB, rows=50_000, columns=200, csv_rows=1_000_001)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong and where: `column` its name in the header, `cell` its address in an XLSX ("C5")."""

    row: int
    column: str
    code: str
    message: str
    cell: str = ""

    def as_dict(self, filename: str) -> dict[str, int | str]:
        """The shape of `--format json` (interfaces.md); `cell` only for XLSX."""
        place = {"file": filename, "row": self.row, "column": self.column}
        return (
            place | {"code": self.code, "message": self.message} | ({"cell": self.cell} if self.cell else {})
        )

    def __str__(self) -> str:
        place = f"Dòng {self.row}" + (f", cột {self.column}" if self.column else "")
        return f"{place}{f' (ô {self.cell})' if self.cell else ''}: {self.message}"


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    cells: dict[str, str | None]
    faults: tuple[Fault, ...] = ()
    letters: dict[str, str] | None = None

    def fault(self, column: str, code: str, message: str) -> Fault:
        """A fault in this row, with the cell's address where the file has addresses."""
        letter = (self.letters or {}).get(column, "")
        return Fault(self.number, column, code, message, f"{letter}{self.number}" if letter else "")


@dataclass
class Table:
    columns: tuple[str, ...] = ()
    rows: Iterator[Row] = field(default_factory=lambda: iter(()))
    faults: list[Fault] = field(default_factory=list)


class Unreadable(Exception):
    """The file cannot be read (further); carries the fault."""

    def __init__(self, code: str, message: str, row: int = 0):
        super().__init__(message)
        self.fault = Fault(row, "", code, message)


class Flawed(NamedTuple):
    """A cell that cannot be taken as it is; `text` is what it means where its column allows it (a date, a fraction)."""

    code: str
    message: str
    text: str | None = None


# What the reader of one format hands over: row number and cells in their order.
Cell = str | Flawed | None
Lines = Iterator[tuple[int, list[Cell]]]


def read_table(
    source: str | Path | bytes | BinaryIO,
    filename: str,
    *,
    limits: Limits = BULK,
    dates: Sequence[str] = (),
    decimals: Sequence[str] = (),
) -> Table:
    """Open a CSV or XLSX by the look of its first bytes (a name proves nothing) and read its header.

    dates: columns where an XLSX date cell becomes "2022-06-30" (elsewhere it is a fault); decimals: columns where
    a number with a fraction becomes "0.5" (elsewhere a fault). Never raises for what is in the file: see `faults`.
    """
    from . import csvfile, xlsxfile

    stream = _stream(source)
    try:
        if _size(stream) > limits.file:
            raise Unreadable("too_large", f"Tệp lớn hơn {limits.file // MB} MB.")
        head = stream.read(8)
        stream.seek(0)
        if head.startswith(b"PK"):
            allowed = {"date": set(dates), "fraction": set(decimals)}
            return _table(xlsxfile.lines(stream, limits), limits, allowed, letters=True)
        if head.startswith(b"\xd0\xcf\x11\xe0"):
            raise Unreadable(
                "old_excel", "Tệp .xls kiểu cũ hoặc có mật khẩu: hãy lưu lại thành .xlsx không mật khẩu."
            )
        return _table(csvfile.lines(stream, limits), limits, {}, letters=False)
    except Unreadable as refused:
        return Table(faults=[refused.fault])


def _stream(source: str | Path | bytes | BinaryIO) -> BinaryIO:
    if isinstance(source, bytes):
        return BytesIO(source)
    if isinstance(source, str | Path):
        return open(source, "rb")
    return source


def _size(stream: BinaryIO) -> int:
    size = stream.seek(0, 2)
    stream.seek(0)
    return size


def _table(lines: Lines, limits: Limits, allowed: dict[str, set[str]], *, letters: bool) -> Table:
    """Header out of the first line that has text; the rest is read as it is asked for."""
    number, cells = next(((number, cells) for number, cells in lines if any(cells)), (0, []))
    if not number:
        raise Unreadable("empty_file", "Tệp không có dòng tiêu đề.", 1)
    names = [clean(cell).lower() if isinstance(cell, str) else "" for cell in cells]
    while names and not names[-1]:
        names.pop()
    columns = tuple(name for name in names if name)
    faults = list(_header_faults(number, names, limits))
    if faults:
        return Table(columns=columns, faults=faults)
    shape = _Shape(
        names, {name: letter_of(at) for at, name in enumerate(names) if name} if letters else None, allowed
    )
    return Table(columns=columns, rows=_rows(lines, shape))


def _header_faults(number: int, names: list[str], limits: Limits) -> Iterator[Fault]:
    if len(names) > limits.columns:
        yield Fault(number, "", "too_many_columns", f"Tệp có hơn {limits.columns} cột.")
    for name in dict.fromkeys(name for name in names if name and names.count(name) > 1):
        yield Fault(number, name, "repeated_column", f"Cột {name} có hai lần.")


class _Shape(NamedTuple):
    """The header's names in order ("" where none), their letters in a sheet, and which flaws a column allows."""

    names: list[str]
    letters: dict[str, str] | None
    allowed: dict[str, set[str]]


def _rows(lines: Lines, shape: _Shape) -> Iterator[Row]:
    """Cells under their column names; whatever breaks the reading off becomes a last row of faults."""
    width = len(shape.names)
    gapless = all(shape.names)
    try:
        for number, cells in lines:
            # Hundreds of thousands of cells pass here: the usual row is one dict(zip).
            if gapless and len(cells) == width and not any(type(cell) is Flawed for cell in cells):
                if any(cells):
                    yield Row(number, dict(zip(shape.names, cells, strict=True)), (), shape.letters)
            elif any(cells):
                yield _odd_row(number, cells, shape)
    except Unreadable as broken:
        yield Row(broken.fault.row, {}, (broken.fault,))


def _odd_row(number: int, cells: list[Cell], shape: _Shape) -> Row:
    found: dict[str, str | None] = {name: None for name in shape.names if name}
    faults: list[Fault] = []
    for at, cell in enumerate(cells):
        if cell is None:
            continue
        name = shape.names[at] if at < len(shape.names) else ""
        where = f"{letter_of(at)}{number}" if shape.letters else ""
        if isinstance(cell, Flawed) and name not in shape.allowed.get(cell.code, ()):
            faults.append(Fault(number, name, cell.code, cell.message, where))
        elif not name:
            message = f"Có chữ ngoài các cột có tiêu đề (cột thứ {at + 1})."
            faults.append(Fault(number, "", "no_header", message, where))
        else:
            found[name] = cell.text if isinstance(cell, Flawed) else cell
    return Row(number, found, tuple(faults), shape.letters)


def letter_of(index: int) -> str:
    """Column letters of a sheet: 0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
