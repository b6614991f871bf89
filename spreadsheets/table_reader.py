"""Reads uploaded and imported tables, CSV as offices save it and XLSX, into rows of text; streams, so that a file is
never whole in memory.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from core.text import FORMULA_STARTS, clean_text

from . import xlsx_reader
from .cells import (
    BULK_LIMITS,
    MB,
    Cell,
    FileFault,
    FlawedCell,
    Lines,
    ReadLimits,
    UnreadableFile,
    column_letters,
)

_CHUNK = 1024 * 1024
_SIGNS = ",;\t"
# A table may have a title above; so many lines are searched for the delimiter.
_LINES_ABOVE = 20
# Letters of TCVN3 (ABC) read as Windows-1258; no word in Unicode contains such characters.
_TCVN3 = re.compile(r"[A-Za-z][µ¶·¸¹»¼½¾®©¨ª¬§]|[µ¶·¸¹»¼½¾®©¨ª¬§][A-Za-z]")


def csv_lines(stream: BinaryIO, limits: ReadLimits) -> Iterator[tuple[int, list[Cell]]]:
    """Record number (from 1) and cells. Errors: UnreadableFile for encoding, broken quotes, too many rows."""
    encoding = _encoding(stream)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    heads = [text.readline(1_000_000) for _ in range(_LINES_ABOVE)]
    text.seek(0)
    return _records(csv.reader(text, delimiter=_delimiter(heads), strict=True), limits)


def _records(reader, limits: ReadLimits) -> Iterator[tuple[int, list[Cell]]]:
    number = 0
    try:
        for number, record in enumerate(reader, 1):
            if number > limits.csv_rows:
                raise UnreadableFile("too_many_rows", f"Tệp có hơn {limits.csv_rows} dòng.", number)
            # Inline for speed: there are many cells and most are plain.
            yield (
                number,
                [
                    (text.strip() if text.isascii() and text.isprintable() else clean_text(text)) or None
                    if text[:1] != "'"
                    else _unescaped(text)
                    for text in record
                ],
            )
    except csv.Error as error:
        raise UnreadableFile(
            "unreadable", "Dòng này không đọc được (dấu nháy hoặc ô quá dài).", number + 1
        ) from error


def _unescaped(text: str) -> Cell:
    """Undoes `escape_formula` of spreadsheets.table_writer."""
    return clean_text(text[1:] if text[1:].startswith(FORMULA_STARTS) else text) or None


def _delimiter(heads: list[str]) -> str:
    """By the first line with a delimiter twice: a title above the header has at most a comma."""
    head = next((head for head in heads if max(map(head.count, _SIGNS)) > 1), heads[0])
    return max(_SIGNS, key=head.count)


def _encoding(stream: BinaryIO) -> str:
    head = stream.read(4096)
    stream.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _encoding_if_readable(stream, "utf-16") or _refuse()
    if head.startswith(codecs.BOM_UTF8):
        return _encoding_if_readable(stream, "utf-8-sig") or _refuse()
    if head[1:2] == b"\0":
        return _encoding_if_readable(stream, "utf-16-le") or _refuse()
    if head[:1] == b"\0":
        return _encoding_if_readable(stream, "utf-16-be") or _refuse()
    return (
        _encoding_if_readable(stream, "utf-8") or _encoding_if_readable(stream, "cp1258", _TCVN3) or _refuse()
    )


def _encoding_if_readable(stream: BinaryIO, encoding: str, strange: re.Pattern | None = None) -> str | None:
    """The encoding, if the whole file can be read in it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    breaks = 0
    try:
        while chunk := stream.read(_CHUNK):
            text = decoder.decode(chunk)
            if "\0" in text:
                row = breaks + text.count("\n", 0, text.index("\0")) + 1
                raise UnreadableFile("control_sign", "Dòng này có ký tự điều khiển (NUL).", row)
            breaks += text.count("\n")
            if strange and strange.search(text):
                raise UnreadableFile(
                    "tcvn3", "Tệp dùng bảng mã TCVN3 (ABC). Hãy lưu lại bằng Unicode (UTF-8) rồi nhập lại."
                )
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return None
    finally:
        stream.seek(0)
    return encoding


def _refuse() -> str:
    raise UnreadableFile("encoding", "Không đọc được bảng mã của tệp. Hãy lưu lại bằng UTF-8.")


@dataclass(frozen=True, slots=True)
class TableRow:
    number: int
    cells: dict[str, str | None]
    faults: tuple[FileFault, ...] = ()
    letters: dict[str, str] | None = None

    @property
    def empty(self) -> bool:
        """Whether it has no values: it only holds a fault of the file or merged cells."""
        if any(self.cells.values()):
            return False
        return not self.cells or all(fault.code == "merged_cell" for fault in self.faults)

    def fault(self, column: str, code: str, message: str) -> FileFault:
        """A fault in this row, with the address of the cell for XLSX."""
        letter = (self.letters or {}).get(column, "")
        return FileFault(self.number, column, code, message, f"{letter}{self.number}" if letter else "")


@dataclass
class InputTable:
    columns: tuple[str, ...] = ()
    rows: Iterator[TableRow] = field(default_factory=lambda: iter(()))
    faults: list[FileFault] = field(default_factory=list)
    header: int = 1

    def header_faults(self, needed: Sequence[str], allowed: Sequence[str]) -> list[FileFault]:
        """The faults of the file, then missing and unknown columns."""
        faults = list(self.faults)
        if faults and not self.columns:
            return faults
        faults += [
            FileFault(self.header, name, "missing_column", f"Thiếu cột {name}.")
            for name in needed
            if name not in self.columns
        ]
        return faults + [
            FileFault(self.header, name, "unknown_column", f"Không có cột nào tên là “{name[:40]}”.")
            for name in dict.fromkeys(self.columns)
            if name not in allowed
        ]


def read_table(
    source: str | Path | bytes | BinaryIO,
    filename: str,
    *,
    limits: ReadLimits = BULK_LIMITS,
    dates: Sequence[str] = (),
    decimals: Sequence[str] = (),
) -> InputTable:
    """Open a CSV or XLSX, detected by its first bytes, and read its header.

    dates: columns where an XLSX date cell becomes "2022-06-30" (elsewhere it is a fault); decimals: columns where
    a number with a fraction or a percentage becomes "0.5" (elsewhere a fault). Invalid content never raises: see
    `faults`.
    """
    try:
        lines, letters = open_lines(source, limits)
        allowed = {"date": set(dates), "fraction": set(decimals), "percent": set(decimals)} if letters else {}
        return _table(lines, limits, allowed, letters=letters)
    except UnreadableFile as refused:
        return InputTable(faults=[refused.fault])


def open_lines(source: str | Path | bytes | BinaryIO, limits: ReadLimits) -> tuple[Lines, bool]:
    """The lines of a CSV or XLSX, detected by its first bytes, and whether its cells have letters; for callers that
    find the header themselves. Errors: UnreadableFile, also while lines are read.
    """
    stream = _stream(source)
    if _size(stream) > limits.file:
        raise UnreadableFile("too_large", f"Tệp lớn hơn {limits.file // MB} MB.")
    head = stream.read(8)
    stream.seek(0)
    if head.startswith(b"PK"):
        return xlsx_reader.xlsx_lines(stream, limits), True
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(
            "old_excel", "Tệp .xls kiểu cũ hoặc có mật khẩu: hãy lưu lại thành .xlsx không mật khẩu."
        )
    return csv_lines(stream, limits), False


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


def _table(lines: Lines, limits: ReadLimits, allowed: dict[str, set[str]], *, letters: bool) -> InputTable:
    """The table under the first line with text, its header; rows are read lazily."""
    number, cells = next(((number, cells) for number, cells in lines if any(cells)), (0, []))
    if not number:
        raise UnreadableFile("empty_file", "Tệp không có dòng tiêu đề.", 1)
    names = [clean_text(cell).lower() if isinstance(cell, str) else "" for cell in cells]
    while names and not names[-1]:
        names.pop()
    columns = tuple(name for name in names if name)
    if len(names) > limits.columns:
        raise UnreadableFile("too_many_columns", f"Tệp có hơn {limits.columns} cột.", number)
    repeated = [name for name in dict.fromkeys(columns) if columns.count(name) > 1]
    faults = [FileFault(number, name, "repeated_column", f"Cột {name} có hai lần.") for name in repeated]
    shape = _Shape(
        names,
        {name: column_letters(at) for at, name in enumerate(names) if name} if letters else None,
        allowed,
    )
    return InputTable(columns, _rows(lines, shape), faults, number)


class _Shape(NamedTuple):
    """The header's names in order ("" where none), their letters in a sheet, and which flaws a column allows."""

    names: list[str]
    letters: dict[str, str] | None
    allowed: dict[str, set[str]]


def _rows(lines: Lines, shape: _Shape) -> Iterator[TableRow]:
    """Cells by column name; an error while reading becomes a last row with the fault."""
    width = len(shape.names)
    gapless = all(shape.names)
    try:
        for number, cells in lines:
            # Fast path for the usual row.
            if gapless and len(cells) == width and not any(type(cell) is FlawedCell for cell in cells):
                if any(cells):
                    yield TableRow(number, dict(zip(shape.names, cells, strict=True)), (), shape.letters)
            elif any(cells):
                yield _odd_row(number, cells, shape)
    except UnreadableFile as broken:
        yield TableRow(broken.fault.row, {}, (broken.fault,))


def _odd_row(number: int, cells: list[Cell], shape: _Shape) -> TableRow:
    cell_by_name: dict[str, str | None] = {name: None for name in shape.names if name}
    faults: list[FileFault] = []
    for at, cell in enumerate(cells):
        if cell is None:
            continue
        name = shape.names[at] if at < len(shape.names) else ""
        where = f"{column_letters(at)}{number}" if shape.letters else ""
        if isinstance(cell, FlawedCell) and name not in shape.allowed.get(cell.code, ()):
            faults.append(FileFault(number, name, cell.code, cell.message, where))
        elif not name:
            message = f"Có chữ ngoài các cột có tiêu đề (cột thứ {at + 1})."
            faults.append(FileFault(number, "", "no_header", message, where))
        else:
            cell_by_name[name] = _allowed_value(cell) if isinstance(cell, FlawedCell) else cell
    return TableRow(number, cell_by_name, tuple(faults), shape.letters)


def _allowed_value(cell: FlawedCell) -> str | None:
    """The value, of a date without its time."""
    return cell.text[:10] if cell.code == "date" and cell.text else cell.text
