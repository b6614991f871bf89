"""Streams the XML of a sheet and of the shared texts, with memory for one row only.

A few kilobytes may unpack to millions of empty elements or to one endless row.
"""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.parsers import expat
from zipfile import ZipFile

from core.text import clean_text

from .cells import Cell, FlawedCell, ReadLimits, UnreadableFile, column_letters

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main "
_CHUNK = 64 * 1024
_DEEPEST = 40
LONGEST_TEXT = 32_767  # of a cell, by the format's own rule
# Elements of a part that do not belong to cells: columns, views, links, formatting rules.
_ELEMENTS = 30_000
_ELEMENTS_OF_A_CELL = 4


class TagReader:
    """Calls `started` and `ended` with tags without their namespace; collects text only while `collecting`."""

    def __init__(self):
        self.collecting = False
        self._pieces: list[str] = []
        self._length = 0
        self._depth = 0
        self._elements_left = _ELEMENTS
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, part: BinaryIO) -> Iterator[None]:
        """Parses a part, yielding after each chunk so that the caller can take the results."""
        while chunk := part.read(_CHUNK):
            self._parser.Parse(chunk, False)
            yield
        self._parser.Parse(b"", True)
        yield

    def started(self, tag: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def ended(self, tag: str) -> None:
        raise NotImplementedError

    def allow(self) -> None:
        """Allow the elements of one more cell or text, which has its own limit."""
        self._elements_left += _ELEMENTS_OF_A_CELL

    def collect(self) -> None:
        self.collecting = True

    def collected(self) -> str:
        """The collected text; stops collecting."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        self.collecting = False
        return text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("too deep")
        self._elements_left -= 1
        if self._elements_left < 0:
            raise UnreadableFile("too_many_parts", "Tệp Excel có quá nhiều phần tử không phải ô.")
        self.started(name.removeprefix(_MAIN), attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.ended(name.removeprefix(_MAIN))

    def _text(self, text: str) -> None:
        if self.collecting:
            self._length += len(text)
            if self._length > LONGEST_TEXT:
                raise text_too_long()
            self._pieces.append(text)


def text_too_long() -> UnreadableFile:
    """A text that no spreadsheet program writes."""
    return UnreadableFile("too_long", f"Có ô dài hơn {LONGEST_TEXT} ký tự.")


_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MERGES = 1_000
_LAST_COLUMN = 16_383  # XFD: a row of the format has no more cells, blank ones among them
# Escape for characters that XML forbids, and for texts that look like the escape (ECMA-376 22.9.2.19).
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class _Texts(TagReader):
    """The texts that cells refer to by index, without phonetic runs."""

    def __init__(self, most: int):
        super().__init__()
        self.texts: list[str] = []
        self._most = most
        self._aid = False
        self._parts: list[str] = []

    def started(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "t" and not self._aid:
            self.collect()
        elif tag == "rPh":
            self._aid = True

    def ended(self, tag: str) -> None:
        if tag == "t" and self.collecting:
            self._parts.append(self.collected())
        elif tag == "rPh":
            self._aid = False
        elif tag == "si":
            if len(self.texts) >= self._most:
                raise UnreadableFile("too_many_rows", "Tệp Excel có quá nhiều ô chữ.")
            self.allow()
            self.texts.append(_plain("".join(self._parts)))
            self._parts.clear()


def read_shared_texts(package: ZipFile, limits: ReadLimits) -> list[str]:
    """All shared texts. Errors: UnreadableFile for more texts than allowed cells, and the parser's for broken XML."""
    if "xl/sharedStrings.xml" not in package.namelist():
        return []
    reader = _Texts(limits.rows * limits.columns)
    with package.open("xl/sharedStrings.xml") as part:
        for _ in reader.feed(part):
            pass
    return reader.texts


class SheetReader(TagReader):
    """Reads the rows of a sheet. `number` converts a number by its style; `row` is the last row begun."""

    def __init__(self, texts: list[str], number: Callable[[str, str], Cell], limits: ReadLimits):
        super().__init__()
        self.row = 0
        self._texts = texts
        self._number = number
        self._limits = limits
        self._rows: list[tuple[int, list[Cell]]] = []
        self._cells: list[Cell] = []
        self._cell_count = 0
        self._columns: dict[str, int] = {"": -1}
        self._merges = 0
        self._in_row = self._in_cell = False
        self._at = -1
        self._kind = self._style = ""
        self._value = ""
        self._formula = self._aid = False

    def lines(self, part: BinaryIO) -> Iterator[tuple[int, list[Cell]]]:
        """Row numbers and cells in the order of the file; merged cells follow as additional rows.

        Errors: UnreadableFile for exceeded limits; ValueError and ExpatError for a broken sheet.
        """
        for _ in self.feed(part):
            yield from self._rows
            self._rows.clear()

    def started(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._begin_cell(attributes)
        elif tag == "v" or tag == "t" and not self._aid:
            if self._in_cell:
                self.collect()
        elif tag == "row":
            self._begin_row(attributes)
        elif tag == "f":
            self._formula = True
        elif tag == "rPh":
            self._aid = True
        elif tag == "dimension":
            self._check_dimension(attributes.get("ref", ""))
        elif tag == "mergeCell":
            self._merges += 1
            if self._merges > _MERGES:
                raise UnreadableFile("merged_cell", f"Trang tính có hơn {_MERGES} vùng ô bị trộn (merge).")
            self._rows.append(_merged(attributes.get("ref", "")))

    def ended(self, tag: str) -> None:
        if tag in ("v", "t"):
            if self.collecting:
                self._value += self.collected()
                if len(self._value) > LONGEST_TEXT:
                    raise text_too_long()
        elif tag == "c":
            self._in_cell = False
            self._end_cell()
        elif tag == "row":
            self._in_row = False
            self._rows.append((self.row, self._cells))
            self._cells = []
        elif tag == "rPh":
            self._aid = False

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r", self.row + 1))
        if number <= self.row or self._in_row:
            raise ValueError("rows out of order")
        self._in_row = True
        if number > self._limits.rows:
            raise UnreadableFile("too_many_rows", f"Trang tính có hơn {self._limits.rows} dòng.", number)
        self.row = number
        self._at = -1

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        if not self._in_row or self._in_cell:
            raise ValueError("a cell outside its row")
        self._in_cell = True
        self._cell_count += 1
        self.allow()
        if self._cell_count > self._limits.rows * self._limits.columns:
            raise UnreadableFile("too_many_columns", "Trang tính có quá nhiều ô.", self.row)
        place = attributes.get("r", "")
        letters = place.rstrip("0123456789")
        if place and place != f"{letters}{self.row}":
            raise ValueError("a cell of another row")
        at = self._columns.get(letters)
        if at is None:
            at = self._columns[letters] = _index(letters)
        elif not letters:
            at = self._at + 1
        if at <= self._at:
            raise ValueError("cells out of order")
        if at > _LAST_COLUMN:
            raise UnreadableFile("too_many_columns", "Trang tính có dòng dài hơn cột XFD.", self.row)
        self._at = at
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._value = ""
        self._formula = False

    def _end_cell(self) -> None:
        value = self._meaning()
        if value is None:
            return
        if self._at >= self._limits.columns:
            place = f"{column_letters(self._at)}{self.row}"
            message = f"Ô {place} ở ngoài {self._limits.columns} cột được nhận."
            raise UnreadableFile("too_many_columns", message, self.row)
        self._cells.extend([None] * (self._at - len(self._cells)))
        self._cells.append(value)

    def _meaning(self) -> Cell:
        """The text of the cell, its flaw, or None if blank."""
        text, kind = self._value, self._kind
        if not text:
            if self._formula:
                return FlawedCell(
                    "formula", "Ô có công thức chưa có kết quả. Hãy mở tệp bằng Excel, lưu lại rồi nhập."
                )
            return None
        if kind == "n":
            return self._number(text, self._style)
        if kind == "s":
            if not text.isdigit() or int(text[:9]) >= len(self._texts):
                raise ValueError("no such text")
            return self._texts[int(text)] or None
        if kind in ("str", "inlineStr"):
            return _plain(text) or None
        if kind == "b":
            shown = "TRUE" if text == "1" else "FALSE"
            return FlawedCell("boolean", "Ô là giá trị đúng/sai (TRUE, FALSE), không phải số.", shown=shown)
        if kind == "e":
            shown = clean_text(text)
            return FlawedCell("error_value", f"Ô có lỗi của bảng tính: {shown}.", shown=shown)
        if kind == "d":
            return FlawedCell("date", "Ô là ngày tháng, không phải số.", text[:19])
        raise ValueError("unknown kind of cell")

    def _check_dimension(self, reference: str) -> None:
        addresses = _ADDRESS.findall(reference)
        if addresses and (
            int(addresses[-1][1]) > self._limits.rows or _index(addresses[-1][0]) >= self._limits.columns
        ):
            raise UnreadableFile(
                "too_many_rows",
                f"Trang tính khai vùng {reference}: nhiều hơn {self._limits.rows} dòng "
                f"hoặc {self._limits.columns} cột.",
            )


def _plain(text: str) -> str:
    """Text as shown: Excel writes a pasted line break as _x000D_. Escaped surrogates and NUL stay escaped."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: _sign(int(match[1], 16)) or match[0], text)
    return clean_text(text)


def _sign(number: int) -> str:
    return chr(number) if 0 < number < 0xD800 or 0xDFFF < number < 0xFFFE else ""


def _merged(reference: str) -> tuple[int, list[Cell]]:
    """A row with the flaw in the first cell of a merged range, which comes at the end of the sheet."""
    match = _ADDRESS.match(reference)
    if not match:
        raise ValueError("merge without a range")
    message = f"Các ô {reference} bị trộn (merge). Hãy bỏ trộn ô rồi nhập lại."
    flaw = FlawedCell("merged_cell", message, shown=reference)
    return int(match.group(2)), [*[None] * _index(match.group(1)), flaw]


def _index(letters: str) -> int:
    """Index of a column by its letters: A is 0. Errors: ValueError."""
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError("no such column")
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1
