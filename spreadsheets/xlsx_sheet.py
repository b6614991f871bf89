"""Streams the XML of one sheet and of the shared texts.

Memory follows one row: a few kilobytes may unpack to millions of empty elements or to one endless row.
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
# Elements of a part beside those of its cells: columns, views, links, rules of format.
_ELEMENTS = 30_000
_ELEMENTS_OF_A_CELL = 4


class TagReader:
    """Tags of the main namespace without it, with attributes; text is kept only while `keeping`."""

    def __init__(self):
        self.keeping = False
        self._pieces: list[str] = []
        self._length = 0
        self._depth = 0
        self._left = _ELEMENTS
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, part: BinaryIO) -> Iterator[None]:
        """Stops after each piece, so that what was found can be taken."""
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
        """One more cell or text has been counted against its own limit: its elements are welcome."""
        self._left += _ELEMENTS_OF_A_CELL

    def keep(self) -> None:
        self.keeping = True

    def taken(self) -> str:
        """The text kept so far; nothing is kept afterwards."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        self.keeping = False
        return text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("too deep")
        self._left -= 1
        if self._left < 0:
            raise UnreadableFile("too_many_parts", "Tệp Excel có quá nhiều phần tử không phải ô.")
        self.started(name.removeprefix(_MAIN), attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.ended(name.removeprefix(_MAIN))

    def _text(self, text: str) -> None:
        if self.keeping:
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
# How the format writes a sign that XML may not hold, or a text that looks like one so written (ECMA-376 22.9.2.19).
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class _Texts(TagReader):
    """The texts that cells refer to by number; reading aids (phonetic runs) are not part of them."""

    def __init__(self, most: int):
        super().__init__()
        self.texts: list[str] = []
        self._most = most
        self._aid = False
        self._parts: list[str] = []

    def started(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "t" and not self._aid:
            self.keep()
        elif tag == "rPh":
            self._aid = True

    def ended(self, tag: str) -> None:
        if tag == "t" and self.keeping:
            self._parts.append(self.taken())
        elif tag == "rPh":
            self._aid = False
        elif tag == "si":
            if len(self.texts) >= self._most:
                raise UnreadableFile("too_many_rows", "Tệp Excel có quá nhiều ô chữ.")
            self.allow()
            self.texts.append(_plain("".join(self._parts)))
            self._parts.clear()


def read_shared_texts(package: ZipFile, limits: ReadLimits) -> list[str]:
    """All shared texts. Errors: Unreadable for more of them than cells are allowed, and whatever broken XML raises."""
    if "xl/sharedStrings.xml" not in package.namelist():
        return []
    reader = _Texts(limits.rows * limits.columns)
    with package.open("xl/sharedStrings.xml") as part:
        for _ in reader.feed(part):
            pass
    return reader.texts


class SheetReader(TagReader):
    """Rows of a sheet. `number` says what a number in a cell of a style means; `row` is the last row begun."""

    def __init__(self, texts: list[str], number: Callable[[str, str], Cell], limits: ReadLimits):
        super().__init__()
        self.row = 0
        self._texts = texts
        self._number = number
        self._limits = limits
        self._found: list[tuple[int, list[Cell]]] = []
        self._cells: list[Cell] = []
        self._seen = 0
        self._columns: dict[str, int] = {"": -1}
        self._merges = 0
        self._in_row = self._in_cell = False
        self._at = -1
        self._kind = self._style = ""
        self._value = ""
        self._formula = self._aid = False

    def lines(self, part: BinaryIO) -> Iterator[tuple[int, list[Cell]]]:
        """Row numbers and cells in the order of the file; at the end the places of merged cells, as rows again.

        Errors: Unreadable for what is over the limits; ValueError and ExpatError for a broken sheet.
        """
        for _ in self.feed(part):
            yield from self._found
            self._found.clear()

    def started(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._begin_cell(attributes)
        elif tag == "v" or tag == "t" and not self._aid:
            if self._in_cell:
                self.keep()
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
            self._found.append(_merged(attributes.get("ref", "")))

    def ended(self, tag: str) -> None:
        if tag in ("v", "t"):
            if self.keeping:
                self._value += self.taken()
                if len(self._value) > LONGEST_TEXT:
                    raise text_too_long()
        elif tag == "c":
            self._in_cell = False
            self._end_cell()
        elif tag == "row":
            self._in_row = False
            self._found.append((self.row, self._cells))
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
        self._seen += 1
        self.allow()
        if self._seen > self._limits.rows * self._limits.columns:
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
        """The cell's text, its flaw, or None where it is blank."""
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
        found = _ADDRESS.findall(reference)
        if found and (int(found[-1][1]) > self._limits.rows or _index(found[-1][0]) >= self._limits.columns):
            raise UnreadableFile(
                "too_many_rows",
                f"Trang tính khai vùng {reference}: nhiều hơn {self._limits.rows} dòng "
                f"hoặc {self._limits.columns} cột.",
            )


def _plain(text: str) -> str:
    """Text as it is shown: Excel writes a pasted line break as _x000D_. Halves of pairs and NUL stay as written."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: _sign(int(found[1], 16)) or found[0], text)
    return clean_text(text)


def _sign(number: int) -> str:
    return chr(number) if 0 < number < 0xD800 or 0xDFFF < number < 0xFFFE else ""


def _merged(reference: str) -> tuple[int, list[Cell]]:
    """A merge is told at the end of a sheet: a row again, with the flaw in the range's first cell."""
    found = _ADDRESS.match(reference)
    if not found:
        raise ValueError("merge without a range")
    told = f"Các ô {reference} bị trộn (merge). Hãy bỏ trộn ô rồi nhập lại."
    flaw = FlawedCell("merged_cell", told, shown=reference)
    return int(found.group(2)), [*[None] * _index(found.group(1)), flaw]


def _index(letters: str) -> int:
    """Number of a column by its letters: A is 0. Errors: ValueError for what is none."""
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError("no such column")
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1
