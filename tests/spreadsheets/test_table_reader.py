"""Reading tables from CSV and XLSX, and faults with their cell."""

import io
import unicodedata
import zipfile
from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from core.text import canonical_text, clean_text
from spreadsheets import xlsx_reader
from spreadsheets.cells import BULK_LIMITS, WEB_LIMITS, FileFault, FileFaults, ReadLimits, column_letters
from spreadsheets.table_reader import read_table
from spreadsheets.table_writer import escape_formula
from tests.bad_inputs.files import BOMBS, SHEET, saved, sheet, with_part

TEXT = "Mã,tên\n13474,thị trấn Tân Thanh\n"


def codes(table) -> list[tuple[int, str, str]]:
    faults = [*table.faults, *(fault for row in table.rows for fault in row.faults)]
    return [(fault.row, fault.cell or fault.column, fault.code) for fault in faults]


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        unicodedata.normalize("NFD", TEXT).encode(),
        TEXT.replace(",", ";").replace("\n", "\r\n").encode(),
        TEXT.replace(",", "\t").encode(),
        "Ma\u0303,t\u00ean\n13474,thi\u0323 tr\u00e2\u0301n T\u00e2n Thanh\n".encode("cp1258"),
        TEXT.replace("13474", "\u200b13474\u00a0").encode(),
    ],
)
def test_the_same_rows_in_every_encoding(content):
    table = read_table(content, "x.csv")
    assert table.columns == ("mã", "tên")
    assert [row.cells for row in table.rows] == [{"mã": "13474", "tên": "thị trấn Tân Thanh"}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [(1, "", "empty_file")]),
        (b"\n,\n", [(1, "", "empty_file")]),
        (b"a,b,a\n", [(1, "a", "repeated_column")]),
        (b"a,b\n1,2,3\n", [(2, "", "no_header")]),
        (b"a,b\n1,\x00\n", [(2, "", "control_sign")]),
        (b'a,b\n1,2\n"1,2\n', [(3, "", "unreadable")]),
        (b"code,name\n1,x\xb7 Li\xaam T\xf3c\n", [(1, "", "tcvn3")]),
        (b"code,name\n1,\x9d\x8f\n", [(1, "", "encoding")]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", [(1, "", "old_excel")]),
        (b"PK\x03\x04 not a package", [(1, "", "unreadable")]),
    ],
)
def test_bad_files_name_the_place(content, expected):
    assert codes(read_table(content, "x.csv")) == expected


def test_blank_is_none_and_blank_rows_are_left_out():
    rows = list(read_table(b"a,b\n,\n1,\n\n 2 ,0\n", "x.csv").rows)
    assert [(row.number, row.cells) for row in rows] == [
        (3, {"a": "1", "b": None}),
        (5, {"a": "2", "b": "0"}),
    ]


@pytest.mark.parametrize("text", ["=1+1", "+84 351", "-5", "@ai", "'quoted", "' =1", "plain", "'"])
def test_text_that_looks_like_a_formula_comes_back_as_it_was(text):
    content = f'unit,reason\r\na,"{escape_formula(text)}"\r\n'.encode()
    [row] = read_table(content, "a.csv", limits=BULK_LIMITS).rows
    assert row.cells["reason"] == text


def test_too_many_rows_end_in_a_fault():
    rows = list(read_table(b"a\n1\n2\n3\n", "x.csv", limits=replace(BULK_LIMITS, csv_rows=3)).rows)
    assert [row.cells for row in rows] == [{"a": "1"}, {"a": "2"}, {}]
    assert rows[-1].faults[0].code == "too_many_rows"


def test_a_file_over_the_limit():
    assert read_table(b"a\n" * 10, "x.csv", limits=replace(WEB_LIMITS, file=8)).faults[0].code == "too_large"


def test_sheet_with_everything_that_hides_a_number():
    def change(active):
        active["C2"] = "=1+1"
        active["D2"] = 0.5
        active["D2"].number_format = "0%"
        active["C4"] = date(2022, 6, 30)
        active["D4"] = "13474"
        active.merge_cells("B5:C6")

    content = sheet(
        ["a", "b", "c", "d"], [1240, 12.5, None, None], [True, "#N/A", "x", None], [1e3], change=change
    )
    assert codes(read_table(content, "x.xlsx")) == [
        (2, "B2", "fraction"),
        (2, "C2", "formula"),
        (2, "D2", "percent"),
        (3, "A3", "boolean"),
        (3, "B3", "error_value"),
        (4, "C4", "date"),
        (5, "B5", "merged_cell"),
    ]
    cells = [row.cells for row in read_table(content, "x.xlsx", dates=["c"], decimals=["b"]).rows]
    assert cells[0]["a"] == "1240" and cells[0]["b"] == "12.5"
    assert cells[2] == {"a": "1000", "b": None, "c": "2022-06-30", "d": "13474"}


def test_a_formula_with_its_result_counts():
    content = sheet(["a"], [777])
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    xml = xml.replace(b"<v>777</v>", b"<f>1+1</f><v>2</v>")
    assert [
        row.cells for row in read_table(with_part(content, "xl/worksheets/sheet1.xml", xml), "x").rows
    ] == [{"a": "2"}]


def test_hidden_sheets_are_not_read():
    book = openpyxl.Workbook()
    book.active.append(["old"])
    book.active.sheet_state = "hidden"
    book.create_sheet("Thật").append(["new"])
    assert read_table(saved(book), "x.xlsx").columns == ("new",)


@pytest.mark.parametrize(("part", "data", "code"), BOMBS)
def test_bombs_are_refused(part, data, code):
    table = read_table(with_part(sheet(["a"], ["x"]), part, data), "x.xlsx", limits=WEB_LIMITS)
    assert codes(table)[0][2] == code


def test_a_package_with_too_many_parts():
    content = sheet(["a"])
    limits = ReadLimits(**{**vars(WEB_LIMITS), "parts": 3})
    assert read_table(content, "x.xlsx", limits=limits).faults[0].code == "too_many_parts"


def test_a_part_that_lies_about_its_size():
    content = with_part(
        sheet(["a"], ["x"]), "xl/worksheets/sheet1.xml", SHEET % b"<sheetData></sheetData>" + b" " * 500
    )
    size = zipfile.ZipFile(io.BytesIO(content)).getinfo("xl/worksheets/sheet1.xml").file_size
    place = content.rfind(size.to_bytes(4, "little"))
    lying = content[:place] + (40).to_bytes(4, "little") + content[place + 4 :]
    assert read_table(lying, "x.xlsx").faults[0].code in ("unreadable", "doctype", "empty_file")


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_letters(index, letters):
    assert column_letters(index) == letters


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Hoà", "Hòa"),
        ("HOÀ", "HÒA"),
        ("xã Thuỷ", "xã Thủy"),
        ("Khoẻ", "Khỏe"),
        ("a\u00a0b", "a b"),
        ("H\u006f\u0300a", "Hòa"),
    ],
)
def test_one_spelling_for_what_looks_the_same(text, other):
    assert canonical_text(text) == canonical_text(other)


def test_words_that_only_look_similar_stay():
    assert (
        canonical_text("Quý") == "Quý"
        and canonical_text("hoàn") == "hoàn"
        and clean_text(" a\tb\x0b\u202e ") == "a b"
    )


SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def bare_sheet(cell: str, prolog: str = "") -> bytes:
    """The XML of a sheet with one cell that no spreadsheet program would write."""
    return f'{prolog}<worksheet xmlns="{SPACE}"><sheetData><row r="1">{cell}</row></sheetData></worksheet>'.encode()


@pytest.mark.parametrize("value", ["1_000", "\u0663", "\uff11\uff12", "0x1A", "Infinity"])
def test_digits_that_only_python_takes_are_no_numbers(value):
    content = with_part(sheet(["a"]), "xl/worksheets/sheet1.xml", bare_sheet(f'<c r="A1"><v>{value}</v></c>'))
    assert codes(read_table(io.BytesIO(content), "a.xlsx", limits=WEB_LIMITS))[0][2] == "unreadable"


def test_a_doctype_is_found_whatever_the_part_is_called():
    entity = '<!DOCTYPE x [<!ENTITY a "7">]>'
    content = with_part(
        sheet(["a"]), "xl/worksheets/sheet1.dat", bare_sheet('<c r="A1"><v>&a;</v></c>', entity)
    )
    assert codes(read_table(io.BytesIO(content), "a.xlsx", limits=WEB_LIMITS))[0][2] == "doctype"


def test_a_repeated_column_does_not_hide_the_rows():
    table = read_table(b"\na,b,a\n1,2,3\n", "x.csv")
    assert codes(table) == [(2, "a", "repeated_column")] and table.header == 2
    assert [fault.code for fault in table.header_faults(("c",), ("a", "c"))] == [
        "repeated_column",
        "missing_column",
        "unknown_column",
    ]


def test_faults_beyond_the_first_thousands_are_counted():
    faults = FileFaults(FileFault(row, "a", "negative", "") for row in range(FileFaults.MOST + 7, 0, -1))
    listed = faults.listed()
    assert (len(listed), faults.total, faults.full) == (FileFaults.MOST + 1, FileFaults.MOST + 7, True)
    assert listed[0].row == 8 and listed[-1].code == "more_faults" and " 7 " in listed[-1].message


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a_x000D_b", "a b"),
        ("_x005F_x000D_", "_x000D_"),
        ("a_x0000_b", "a_x0000_b"),
        ("_xD83D_", "_xD83D_"),
        ("_x00e1_", "á"),
        ("x_y", "x_y"),
    ],
)
def test_signs_that_the_format_writes_out_are_read_as_such(written, read):
    xml = bare_sheet(f'<c r="A1" t="inlineStr"><is><t>{written}</t></is></c>')
    content = with_part(sheet(["a"]), "xl/worksheets/sheet1.xml", xml)
    assert list(xlsx_reader.xlsx_lines(io.BytesIO(content), WEB_LIMITS)) == [(1, [read])]
