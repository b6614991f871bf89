"""Reads untrusted XLSX files: checks the zip directory first, then streams sheets row by row."""

import re
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import BinaryIO, NamedTuple
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from core.text import clean_text

from .cells import Cell, FlawedCell, Lines, ReadLimits, UnreadableFile
from .xlsx_sheet import SheetReader, read_shared_texts

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_BROKEN = (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, ExpatError, KeyError, ValueError, EOFError)
_HEADS = ("xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml")
_DIGITS = Context(prec=15)  # as spreadsheets show; they store two more
# Stricter than Python, which accepts 1_000 and digits of other scripts.
_DECIMAL = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BROKEN_WORDS = "Tệp Excel bị hỏng hoặc không đúng chuẩn .xlsx."


class NamedSheet(NamedTuple):
    """A sheet; `part`: the path of its XML in the package."""

    name: str
    visible: bool
    part: str


class XlsxBook:
    """A checked workbook: `sheets` in order, their lines streamed. Errors: UnreadableFile."""

    def __init__(self, stream: BinaryIO, limits: ReadLimits) -> None:
        try:
            self._package = zipfile.ZipFile(stream)
            _check_package(self._package, limits)
            _check_head_sizes(self._package, limits)
            self.sheets, from_1904 = _sheets(self._package)
            self._texts = read_shared_texts(self._package, limits)
            self._numbers = _Numbers(_styles(self._package), from_1904)
        except (*_BROKEN, NotImplementedError, RuntimeError) as error:
            raise UnreadableFile("unreadable", _BROKEN_WORDS) from error
        self._limits = limits

    def lines(self, sheet: NamedSheet) -> Lines:
        """Row numbers and cells of a sheet, hidden rows and columns included. Errors: UnreadableFile."""
        reader = SheetReader(self._texts, self._numbers, self._limits)
        try:
            with self._package.open(sheet.part) as part:
                yield from reader.lines(part)
        except (*_BROKEN, NotImplementedError, RuntimeError) as error:
            raise UnreadableFile("unreadable", _BROKEN_WORDS, reader.row + 1) from error


def xlsx_lines(stream: BinaryIO, limits: ReadLimits) -> Lines:
    """Row numbers and cells of the first visible sheet. Errors: UnreadableFile."""
    book = XlsxBook(stream, limits)
    first = next((sheet for sheet in book.sheets if sheet.visible), None)
    if first is None:
        raise UnreadableFile("unreadable", "Tệp Excel không có trang tính nào đang hiện.")
    return book.lines(first)


def _check_package(package: zipfile.ZipFile, limits: ReadLimits) -> None:
    """Refuses by the directory and the first bytes of each part, before anything is unpacked."""
    parts = package.infolist()
    if len(parts) > limits.parts:
        raise UnreadableFile("too_many_parts", f"Tệp Excel có hơn {limits.parts} phần bên trong.")
    if sum(part.file_size for part in parts) > limits.declared:
        raise UnreadableFile(
            "too_large", f"Tệp Excel khi mở ra lớn hơn {limits.declared // 1024 // 1024} MB."
        )
    names = {part.filename.lower() for part in parts}
    if any("vbaproject" in name or "macrosheet" in name for name in names):
        raise UnreadableFile("macro", "Tệp Excel có macro. Hãy lưu lại thành .xlsx không có macro.")
    if "xl/workbook.xml" not in names:
        raise UnreadableFile("unreadable", _BROKEN_WORDS)
    for part in parts:
        with package.open(part) as opened:
            head = opened.read(64 * 1024)
        # XML may hide under any name.
        if part.filename.lower().endswith((".xml", ".rels", ".vml")) or _begins_as_xml(head):
            _check_prolog(head)


def _check_head_sizes(package: zipfile.ZipFile, limits: ReadLimits) -> None:
    """Limits the parts that are parsed into a tree, which takes twenty times the memory of its text."""
    for part in package.infolist():
        if part.filename in _HEADS and part.file_size > limits.declared // 20:
            raise UnreadableFile("too_large", f"Phần {part.filename} của tệp Excel quá lớn.")


def _begins_as_xml(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0\xff\xfe").startswith(b"<")


def _check_prolog(head: bytes) -> None:
    """Requires UTF-8 without DOCTYPE, which alone can declare entities."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while text.startswith((b"<?", b"<!--")):
        ending = b"?>" if text.startswith(b"<?") else b"-->"
        piece, end, text = text.partition(ending)
        declared = re.search(rb"encoding\s*=\s*[\"']([^\"']*)", piece) if piece.startswith(b"<?xml") else None
        if not end or declared and declared.group(1).lower() not in (b"utf-8", b"us-ascii"):
            raise UnreadableFile("unreadable", _BROKEN_WORDS)
        text = text.lstrip()
    if not re.match(rb"<[A-Za-z_]", text):
        raise UnreadableFile(
            "doctype", "Tệp Excel có khai báo DOCTYPE hoặc không phải XML thường: không được nhận."
        )


def _sheets(package: zipfile.ZipFile) -> tuple[list[NamedSheet], bool]:
    """The sheets with their parts, and whether days count from 1904. Refuses a part that two sheets share: a workbook
    of a few bytes could else have it read a thousand times.
    """
    workbook = ElementTree.fromstring(package.read("xl/workbook.xml"))
    properties = workbook.find(f"{_MAIN}workbookPr")
    from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
    targets = {item.get("Id"): item.get("Target", "") for item in relations.iter(f"{_PACKAGE}Relationship")}
    sheets = []
    for sheet in workbook.iter(f"{_MAIN}sheet"):
        target = targets[sheet.get(f"{_REL}id")]
        part = target[1:] if target.startswith("/") else f"xl/{target}"
        sheets.append(
            NamedSheet(clean_text(sheet.get("name", "")), sheet.get("state", "visible") == "visible", part)
        )
    if len({sheet.part for sheet in sheets}) < len(sheets):
        raise ValueError("a part of two sheets")
    return sheets, from_1904


def _styles(package: zipfile.ZipFile) -> list[str]:
    if "xl/styles.xml" not in package.namelist():
        return []
    root = ElementTree.fromstring(package.read("xl/styles.xml"))
    own = {item.get("numFmtId"): item.get("formatCode", "") for item in root.iter(f"{_MAIN}numFmt")}
    return [
        _kind_of_format(int(item.get("numFmtId", "0")), own.get(item.get("numFmtId")))
        for item in root.findall(f"{_MAIN}cellXfs/{_MAIN}xf")
    ]


def _kind_of_format(number: int, code: str | None) -> str:
    """ "percent", "date" or "" for a number format; built-in formats have a number but no code (ECMA-376 18.8.30)."""
    if code is None:
        if number in (9, 10):
            return "percent"
        return (
            "date"
            if 14 <= number <= 22 or 27 <= number <= 36 or 45 <= number <= 47 or 50 <= number <= 58
            else ""
        )
    bare = re.sub(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', "", code.lower())
    if "%" in bare:
        return "percent"
    return "date" if re.search(r"[dmyhs]", bare.replace("general", "")) else ""


class _Numbers:
    """Converts a number in a cell by the style of the cell."""

    def __init__(self, styles: list[str], from_1904: bool):
        self._styles = styles
        self._from_1904 = from_1904

    def __call__(self, text: str, style: str) -> Cell:
        if not self._styles or not self._styles[_index_of(style, self._styles)]:
            # Fast path: nearly all numbers are plain digits.
            return text if text.isascii() and text.isdigit() and text[0] != "0" else _number(text, "", False)
        return _number(text, self._styles[int(style)], self._from_1904)


def _index_of(style: str, styles: list[str]) -> int:
    if not style.isdigit() or int(style) >= len(styles):
        raise ValueError("no such style")
    return int(style)


def _number(text: str, style: str, from_1904: bool) -> Cell:
    """A whole number as plain digits, also for 1.24E3; fractions, dates and percentages become flawed cells."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("no number of a sheet")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return FlawedCell("not_a_number", "Ô có số quá lớn hoặc không phải số.")
    if style == "date":
        return FlawedCell("date", "Ô là ngày tháng, không phải số.", _moment(number, from_1904))
    if style == "percent":
        return FlawedCell("percent", "Ô là tỷ lệ phần trăm, không phải số.", _shown(number))
    if number == number.to_integral_value():
        return str(int(number))
    return FlawedCell(
        "fraction", f"Ô có số lẻ {str(number).replace('.', ',')}; cần số nguyên.", _shown(number)
    )


def _shown(number: Decimal) -> str:
    """A number as spreadsheets show it: 0.07 for 7.0000000000000007E-2."""
    return format(number.normalize(_DIGITS), "f")


def _moment(number: Decimal, from_1904: bool) -> str | None:
    """The day of a serial number, with the time to the second if it has one; None if out of range. Spreadsheets have a
    29 February 1900, so earlier days are off by one.
    """
    days = int(number)
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 30 if days > 60 else 31)
    seconds = round((number - days) * 86_400)
    try:
        moment = datetime.combine(first, time()) + timedelta(days, seconds)
    except OverflowError:
        return None
    return str(moment) if seconds else str(moment.date())
