"""Files that must be refused early (acceptance S21, S24): parts of an XLSX, and bytes that are no table."""

import io
import zipfile
from collections.abc import Iterator

import openpyxl


def sheet(*rows, change=None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book.active)
    return saved(book)


def saved(book) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_part(content: bytes, name: str, data: bytes) -> bytes:
    """The package with one part replaced or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, data)
    return stream.getvalue()


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><sst>&a;</sst>'
STRINGS = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</sst>'
SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</worksheet>'

# (part of the package, what it holds, code of the first fault under the limits of the web)
BOMBS = [
    ("xl/sharedStrings.xml", BOMB, "doctype"),
    ("xl/sharedStrings.xml", b"<!-- <a --> " + BOMB, "doctype"),
    ("xl/sharedStrings.xml", BOMB.decode().encode("utf-16"), "doctype"),
    ("xl/sharedStrings.xml", b'<?xml version="1.0" encoding="cp037"?><sst/>', "unreadable"),
    ("xl/vbaProject.bin", b"x", "macro"),
    ("xl/big.bin", b"0" * 25_000_000, "too_large"),
    (
        "xl/worksheets/sheet1.xml",
        SHEET % b'<dimension ref="A1:XFD1048576"/><sheetData/>',
        "too_many_rows",
    ),
    (
        "xl/worksheets/sheet1.xml",
        SHEET % b'<sheetData><row r="5001"><c r="A5001"/></row></sheetData>',
        "too_many_rows",
    ),
    (
        "xl/worksheets/sheet1.xml",
        SHEET % b'<sheetData><row r="1"><c r="ZZ1"><v>1</v></c></row></sheetData>',
        "too_many_columns",
    ),
    ("xl/worksheets/sheet1.xml", SHEET % b'<row r="1"><c t="s"><v>-1</v></c></row>', "unreadable"),
    ("xl/worksheets/sheet1.xml", SHEET % b"<sheetData>", "unreadable"),
    ("xl/worksheets/sheet1.xml", SHEET % (b"<a>" * 100_000), "unreadable"),
    ("xl/worksheets/sheet1.xml", SHEET % (b"<row>" + b"<c/>" * 400_000 + b"</row>"), "too_many_columns"),
    (
        "xl/worksheets/sheet1.xml",
        SHEET % (b"<row><c>" + b"<v/>" * 400_000 + b"</c></row>"),
        "too_many_parts",
    ),
    ("xl/worksheets/sheet1.xml", SHEET % (b"<x/>" * 400_000), "too_many_parts"),
    ("xl/worksheets/sheet1.xml", SHEET % (b'<mergeCell ref="A2:B2"/>' * 100_000), "merged_cell"),
    (
        "xl/worksheets/sheet1.xml",
        SHEET % (b"<row><c>" + (b"<v>" + b"1" * 30_000 + b"</v>") * 9 + b"</c></row>"),
        "too_long",
    ),
    ("xl/worksheets/sheet1.xml", SHEET % b'<c r="A1"><v>1</v></c>', "unreadable"),
    ("xl/worksheets/sheet1.xml", SHEET % b'<row r="1"><c r="A7"><v>1</v></c></row>', "unreadable"),
    ("xl/worksheets/sheet1.xml", SHEET % b'<row r="1"><c><c><v>1</v></c></c></row>', "unreadable"),
    ("xl/styles.xml", STRINGS % (b"<xf/>" * 400_000), "too_large"),
    ("xl/sharedStrings.xml", STRINGS % (b"<si/>" * 400_000), "too_many_rows"),
    ("xl/sharedStrings.xml", STRINGS % (b"<si><t>" + b"a" * 40_000 + b"</t></si>"), "too_long"),
]

# (bytes, code of the first fault), whatever the file's name
REFUSED_FILES = [
    (b"", "empty_file"),
    (b"\n,\n", "empty_file"),
    (b"unit,month\n1,\x00\n", "control_sign"),
    (b'unit,month\n1,2\n"1,2\n', "unreadable"),
    ("unit,month\n1,x\xb7 Li\xaam T\xf3c\n".encode("latin-1"), "tcvn3"),
    (b"unit,month\n1,\x9d\x8f\n", "encoding"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old_excel"),
    (b"PK\x03\x04 not a package", "unreadable"),
]

_OPEN = SHEET[: SHEET.index(b"%")] + b"<sheetData>"
# Small in the zip, nearly 20 MB unpacked: (name, beginning, what is repeated)
SWOLLEN = [
    ("cells", _OPEN + b'<row r="1">', b"<c/>"),
    ("values", _OPEN + b'<row r="1"><c>', b"<v/>"),
    ("rows", _OPEN, b"<row/>"),
    ("merges", _OPEN + b"</sheetData><mergeCells>", b'<mergeCell ref="A2:B2"/>'),
    ("unknown", _OPEN + b"</sheetData>", b"<x/>"),
    ("deep", _OPEN + b"</sheetData>", b"<x>"),
    ("text", _OPEN + b'<row r="1"><c t="inlineStr"><is><t>', b"a" * 1000),
    ("texts", _OPEN + b'<row r="1"><c t="inlineStr"><is>', b"<t>" + b"a" * 30_000 + b"</t>"),
]


def swollen(start: bytes, unit: bytes, size: int = 19 * 1024 * 1024) -> bytes:
    """A package of about 20 KB whose sheet unpacks to `size` bytes."""

    def pieces() -> Iterator[bytes]:
        yield start
        many = unit * max(1, 100_000 // len(unit))
        for _ in range(size // len(many)):
            yield many

    stream = io.BytesIO()
    source = zipfile.ZipFile(io.BytesIO(sheet(["a"])))
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name in source.namelist():
            if name != "xl/worksheets/sheet1.xml":
                package.writestr(name, source.read(name))
        with package.open("xl/worksheets/sheet1.xml", "w") as part:
            for piece in pieces():
                part.write(piece)
    return stream.getvalue()
