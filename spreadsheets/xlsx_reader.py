"""Reads XLSX without trust: checks the zip directory first, then streams the first visible sheet."""

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
# Narrower than what Python takes: 1_000 and digits of other scripts are no numbers of a sheet.
_DIGITS = Context(prec=15)  # that spreadsheets show; they keep two more
_DECIMAL = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_BROKEN_WORDS = "Tệp Excel bị hỏng hoặc không đúng chuẩn .xlsx."


class NamedSheet(NamedTuple):
    """A sheet by its name; `part` is where its XML lies in the package."""

    name: str
    visible: bool
    part: str


class XlsxBook:
    """A workbook behind the gate: its sheets in their order, each streamed when it is asked for.

    Errors: Unreadable for anything that the gate refuses.
    """

    def __init__(self, stream: BinaryIO, limits: ReadLimits) -> None:
        try:
            self._package = zipfile.ZipFile(stream)
            _gate(self._package, limits)
            _small_heads(self._package, limits)
            self.sheets, from_1904 = _sheets(self._package)
            self._texts = read_shared_texts(self._package, limits)
            self._numbers = _Numbers(_styles(self._package), from_1904)
        except (*_BROKEN, NotImplementedError, RuntimeError) as error:
            raise UnreadableFile("unreadable", _BROKEN_WORDS) from error
        self._limits = limits

    def lines(self, sheet: NamedSheet) -> Lines:
        """Row numbers and cells of one of the sheets, hidden rows and columns among them."""
        reader = SheetReader(self._texts, self._numbers, self._limits)
        return _sheet(self._package, sheet.part, reader)


def xlsx_lines(stream: BinaryIO, limits: ReadLimits) -> Lines:
    """Row numbers and cells of the first visible sheet. Errors: Unreadable for anything the gate refuses."""
    book = XlsxBook(stream, limits)
    first = next((sheet for sheet in book.sheets if sheet.visible), None)
    if first is None:
        raise UnreadableFile("unreadable", "Tệp Excel không có trang tính nào đang hiện.")
    return book.lines(first)


def _sheet(package: zipfile.ZipFile, name: str, reader: SheetReader) -> Lines:
    """The rows, as they are read."""
    try:
        with package.open(name) as part:
            yield from reader.lines(part)
    except (*_BROKEN, NotImplementedError, RuntimeError) as error:
        raise UnreadableFile("unreadable", _BROKEN_WORDS, reader.row + 1) from error


def _gate(package: zipfile.ZipFile, limits: ReadLimits) -> None:
    """What can be refused from the directory and the first bytes of each part, before anything is unpacked."""
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
        # The directory may name a part of XML anything: what begins as XML is looked at too.
        if part.filename.lower().endswith((".xml", ".rels", ".vml")) or _begins_as_xml(head):
            _plain_prolog(head)


def _small_heads(package: zipfile.ZipFile, limits: ReadLimits) -> None:
    """Parts that are read into a tree stay small: a tree takes twenty times the room of its text."""
    for part in package.infolist():
        if part.filename in _HEADS and part.file_size > limits.declared // 20:
            raise UnreadableFile("too_large", f"Phần {part.filename} của tệp Excel quá lớn.")


def _begins_as_xml(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\0\xff\xfe").startswith(b"<")


def _plain_prolog(head: bytes) -> None:
    """UTF-8 without DOCTYPE: entities can only be declared there, before the first element."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while text.startswith((b"<?", b"<!--")):
        ending = b"?>" if text.startswith(b"<?") else b"-->"
        piece, found, text = text.partition(ending)
        declared = re.search(rb"encoding\s*=\s*[\"']([^\"']*)", piece) if piece.startswith(b"<?xml") else None
        if not found or declared and declared.group(1).lower() not in (b"utf-8", b"us-ascii"):
            raise UnreadableFile("unreadable", _BROKEN_WORDS)
        text = text.lstrip()
    if not re.match(rb"<[A-Za-z_]", text):
        raise UnreadableFile(
            "doctype", "Tệp Excel có khai báo DOCTYPE hoặc không phải XML thường: không được nhận."
        )


def _sheets(package: zipfile.ZipFile) -> tuple[list[NamedSheet], bool]:
    """The sheets with their parts, and whether days count from 1904. A part is one sheet's only: a workbook of a few
    bytes could else have the same one read a thousand times.
    """
    workbook = ElementTree.fromstring(package.read("xl/workbook.xml"))
    properties = workbook.find(f"{_MAIN}workbookPr")
    from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
    targets = {item.get("Id"): item.get("Target", "") for item in relations.iter(f"{_PACKAGE}Relationship")}
    found = []
    for sheet in workbook.iter(f"{_MAIN}sheet"):
        target = targets[sheet.get(f"{_REL}id")]
        part = target[1:] if target.startswith("/") else f"xl/{target}"
        found.append(
            NamedSheet(clean_text(sheet.get("name", "")), sheet.get("state", "visible") == "visible", part)
        )
    if len({sheet.part for sheet in found}) < len(found):
        raise ValueError("a part of two sheets")
    return found, from_1904


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
    """What a number format makes of a number; the built-in ones have numbers and no code (ECMA-376 18.8.30)."""
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
    """What a number in a cell means under the cell's style."""

    def __init__(self, styles: list[str], from_1904: bool):
        self._styles = styles
        self._from_1904 = from_1904

    def __call__(self, text: str, style: str) -> Cell:
        if not self._styles or not self._styles[_index_of(style, self._styles)]:
            # Nearly every number of a real file: plain digits, nothing to think about.
            return text if text.isascii() and text.isdigit() and text[0] != "0" else _number(text, "", False)
        return _number(text, self._styles[int(style)], self._from_1904)


def _index_of(style: str, styles: list[str]) -> int:
    if not style.isdigit() or int(style) >= len(styles):
        raise ValueError("no such style")
    return int(style)


def _number(text: str, style: str, from_1904: bool) -> Cell:
    """A number as plain digits: 1240 also where the file says 1.24E3; fractions are flaws, dates and shares too."""
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
    """A part of one as its sheet shows it: 0.07 also where the file says 7.0000000000000007E-2."""
    return format(number.normalize(_DIGITS), "f")


def _moment(number: Decimal, from_1904: bool) -> str | None:
    """The day that a serial number means, and the time to the second where it has one; 1900 has a 29 February in
    spreadsheets, so the count is off by one before.
    """
    days = int(number)
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 30 if days > 60 else 31)
    seconds = round((number - days) * 86_400)
    try:
        moment = datetime.combine(first, time()) + timedelta(days, seconds)
    except OverflowError:
        return None
    return str(moment) if seconds else str(moment.date())
