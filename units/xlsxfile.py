"""XLSX without trust: the zip directory is looked through first, then the first visible sheet is streamed.

openpyxl cannot tell a blank cell from a formula without a kept result, so the sheet's own XML is read here, with the
standard library's parser. Whatever could hide another number behind what is seen is a flaw: merged cells, formulas
without a result, dates, percentages, truth values, errors such as #N/A (acceptance S21–S23).
"""

import re
import zipfile
import zlib
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import BinaryIO, NamedTuple
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from .tabular import Cell, Flawed, Limits, Lines, Unreadable, letter_of
from .words import clean

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_BROKEN = (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, ExpatError, KeyError, ValueError, EOFError)
_BROKEN_WORDS = "Tệp Excel bị hỏng hoặc không đúng chuẩn .xlsx."


class _Book(NamedTuple):
    texts: list[str]
    styles: list[str]  # of each cell style: "", "date" or "percent"
    from_1904: bool


def lines(stream: BinaryIO, limits: Limits) -> Lines:
    """Row numbers and cells of the first visible sheet. Errors: Unreadable for anything the gate refuses."""
    try:
        package = zipfile.ZipFile(stream)
        _gate(package, limits)
        sheet, from_1904 = _first_sheet(package)
        book = _Book(_texts(package), _styles(package), from_1904)
    except (*_BROKEN, NotImplementedError, RuntimeError) as error:
        raise Unreadable("unreadable", _BROKEN_WORDS) from error
    return _sheet(package, sheet, book, limits)


def _gate(package: zipfile.ZipFile, limits: Limits) -> None:
    """What can be refused from the directory and the first bytes of each part, before anything is unpacked."""
    parts = package.infolist()
    if len(parts) > limits.parts:
        raise Unreadable("too_many_parts", f"Tệp Excel có hơn {limits.parts} phần bên trong.")
    if sum(part.file_size for part in parts) > limits.declared:
        raise Unreadable("too_large", f"Tệp Excel khi mở ra lớn hơn {limits.declared // 1024 // 1024} MB.")
    names = {part.filename.lower() for part in parts}
    if any("vbaproject" in name or "macrosheet" in name for name in names):
        raise Unreadable("macro", "Tệp Excel có macro. Hãy lưu lại thành .xlsx không có macro.")
    if "xl/workbook.xml" not in names:
        raise Unreadable("unreadable", _BROKEN_WORDS)
    for part in parts:
        if part.filename.lower().endswith((".xml", ".rels", ".vml")):
            with package.open(part) as opened:
                _plain_prolog(opened.read(64 * 1024))


def _plain_prolog(head: bytes) -> None:
    """UTF-8 without DOCTYPE: entities can only be declared there, before the first element."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while text.startswith((b"<?", b"<!--")):
        ending = b"?>" if text.startswith(b"<?") else b"-->"
        piece, found, text = text.partition(ending)
        declared = re.search(rb"encoding\s*=\s*[\"']([^\"']*)", piece) if piece.startswith(b"<?xml") else None
        if not found or declared and declared.group(1).lower() not in (b"utf-8", b"us-ascii"):
            raise Unreadable("unreadable", _BROKEN_WORDS)
        text = text.lstrip()
    if not re.match(rb"<[A-Za-z_]", text):
        raise Unreadable(
            "doctype", "Tệp Excel có khai báo DOCTYPE hoặc không phải XML thường: không được nhận."
        )


def _first_sheet(package: zipfile.ZipFile) -> tuple[str, bool]:
    """Name of the first visible sheet's part, and whether days count from 1904."""
    workbook = ElementTree.fromstring(package.read("xl/workbook.xml"))
    properties = workbook.find(f"{_MAIN}workbookPr")
    from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
    relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
    targets = {item.get("Id"): item.get("Target", "") for item in relations.iter(f"{_PACKAGE}Relationship")}
    for sheet in workbook.iter(f"{_MAIN}sheet"):
        if sheet.get("state", "visible") == "visible":
            target = targets[sheet.get(f"{_REL}id")]
            return (target[1:] if target.startswith("/") else f"xl/{target}"), from_1904
    raise Unreadable("unreadable", "Tệp Excel không có trang tính nào đang hiện.")


def _texts(package: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in package.namelist():
        return []
    texts = []
    with package.open("xl/sharedStrings.xml") as part:
        for _, element in ElementTree.iterparse(part):
            if element.tag == f"{_MAIN}si":
                texts.append(_text_in(element))
                element.clear()
    return texts


def _text_in(element: ElementTree.Element) -> str:
    """Text of a plain or a formatted string; reading aids (phonetic runs) are not part of it."""
    pieces = [piece.text or "" for piece in element.findall(f"{_MAIN}t")]
    pieces += [piece.text or "" for piece in element.findall(f"{_MAIN}r/{_MAIN}t")]
    return "".join(pieces)


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


def _sheet(package: zipfile.ZipFile, name: str, book: _Book, limits: Limits) -> Lines:
    """Stream the rows; each is forgotten as soon as it has been handed over."""
    row, data = 0, ElementTree.Element("none")
    try:
        with package.open(name) as part:
            events = ElementTree.iterparse(part, events=("start", "end"))
            for event, element in events:
                if event == "start":
                    if element.tag == f"{_MAIN}sheetData":
                        data = element
                    continue
                if element.tag == f"{_MAIN}row":
                    row = _row_number(element, row, limits)
                    yield row, _cells(element, row, book, limits)
                    data.clear()
                elif element.tag == f"{_MAIN}dimension":
                    _check_dimension(element.get("ref", ""), limits)
                elif element.tag == f"{_MAIN}mergeCell":
                    yield _merged(element.get("ref", ""))
    except (*_BROKEN, NotImplementedError, RuntimeError) as error:
        raise Unreadable("unreadable", _BROKEN_WORDS, row + 1) from error


def _row_number(element: ElementTree.Element, last: int, limits: Limits) -> int:
    number = int(element.get("r") or last + 1)
    if number <= last:
        raise ValueError("rows out of order")
    if number > limits.rows:
        raise Unreadable("too_many_rows", f"Trang tính có hơn {limits.rows} dòng.", number)
    return number


def _check_dimension(reference: str, limits: Limits) -> None:
    found = _ADDRESS.findall(reference)
    if found and (int(found[-1][1]) > limits.rows or _index(found[-1][0]) >= limits.columns):
        raise Unreadable(
            "too_many_rows",
            f"Trang tính khai vùng {reference}: nhiều hơn {limits.rows} dòng hoặc {limits.columns} cột.",
        )


def _merged(reference: str) -> tuple[int, list[Cell]]:
    """Merged cells are told at the end of a sheet: a row again, with the flaw in the range's first cell."""
    found = _ADDRESS.match(reference)
    if not found:
        raise ValueError("merge without a range")
    flaw = Flawed("merged_cell", f"Các ô {reference} bị trộn (merge). Hãy bỏ trộn ô rồi nhập lại.")
    return int(found.group(2)), [*[None] * _index(found.group(1)), flaw]


def _index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _cells(element: ElementTree.Element, row: int, book: _Book, limits: Limits) -> list[Cell]:
    cells: list[Cell] = []
    for cell in element:
        found = _ADDRESS.match(cell.get("r", ""))
        at = _index(found.group(1)) if found else len(cells)
        value = _value(cell, book)
        if value is None:
            continue
        if at >= limits.columns:
            raise Unreadable(
                "too_many_columns", f"Ô {letter_of(at)}{row} ở ngoài {limits.columns} cột được nhận.", row
            )
        if at < len(cells):
            raise ValueError("cells out of order")
        cells.extend([None] * (at - len(cells)))
        cells.append(value)
    return cells


def _value(cell: ElementTree.Element, book: _Book) -> Cell:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return clean(_text_in(inline)) or None if inline is not None else None
    text = cell.findtext(f"{_MAIN}v")
    if not text:
        if cell.find(f"{_MAIN}f") is None:
            return None
        return Flawed("formula", "Ô có công thức chưa có kết quả. Hãy mở tệp bằng Excel, lưu lại rồi nhập.")
    if kind == "s":
        return clean(book.texts[_whole(text, len(book.texts))]) or None
    if kind == "str":
        return clean(text) or None
    if kind == "b":
        return Flawed("boolean", "Ô là giá trị đúng/sai (TRUE, FALSE), không phải số.")
    if kind == "e":
        return Flawed("error_value", f"Ô có lỗi của bảng tính: {clean(text)}.")
    if kind == "d":
        return Flawed("date", "Ô là ngày tháng, không phải số.", text[:10])
    return _number(text, book.styles[int(cell.get("s", "0"))] if book.styles else "", book)


def _whole(text: str, below: int) -> int:
    """An index into the kept texts; a negative one would silently take another text."""
    if not text.isdigit() or int(text[:9]) >= below:
        raise ValueError("no such text")
    return int(text)


def _number(text: str, style: str, book: _Book) -> Cell:
    """A number as plain digits: 1240 also where the file says 1.24E3; fractions are flaws, dates and shares too."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return Flawed("not_a_number", "Ô có số quá lớn hoặc không phải số.")
    if style == "date":
        return Flawed("date", "Ô là ngày tháng, không phải số.", _day(number, book.from_1904))
    if style == "percent":
        return Flawed("percent", "Ô là tỷ lệ phần trăm, không phải số.", format(number, "f"))
    if number == number.to_integral_value():
        return str(int(number))
    return Flawed(
        "fraction", f"Ô có số lẻ {str(number).replace('.', ',')}; cần số nguyên.", format(number, "f")
    )


def _day(number: Decimal, from_1904: bool) -> str | None:
    """The day that a serial number means; 1900 has a 29 February in spreadsheets, so the count is off by one before."""
    try:
        days = int(number)
        if from_1904:
            return (date(1904, 1, 1) + timedelta(days)).isoformat()
        return (date(1899, 12, 30 if days > 60 else 31) + timedelta(days)).isoformat()
    except OverflowError:
        return None
