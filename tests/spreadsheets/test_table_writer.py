"""Tables as files: typed cells, safe text, totals as formulas, any number of rows in bounded memory."""

import csv
import io
import json
import tracemalloc
from datetime import UTC, date, datetime
from io import BytesIO

import openpyxl
import pytest
from django.core.exceptions import BadRequest
from django.test import RequestFactory

from figures.rounding import rounded_percent
from spreadsheets.table_writer import PrintedRate, TableColumn, TableFile, file_response, requested_file
from tests.support.libreoffice import recalculated

AT = datetime(2022, 8, 12, 1, 30, tzinfo=UTC)
COLUMNS = (
    TableColumn("name", "Đơn vị"),
    TableColumn("received", "Tiếp nhận", total=True),
    TableColumn("online", "Trực tuyến", total=True),
    TableColumn("share", "Tỷ lệ trực tuyến", share=("online", "received")),
    TableColumn("day", "Ngày"),
    TableColumn("at", "Lúc"),
)
ROWS = [
    ("xã Thanh Tân", 1240, 155, PrintedRate("12,5%", "12.5"), date(2022, 6, 14), AT),
    ("xã Liêm Phong", 3, 0, PrintedRate("0%", "0.0"), None, None),
    ("=1+1", None, None, PrintedRate("—", None), None, None),
]
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "http://x/\x0b", "a\x00b"]


@pytest.fixture(autouse=True)
def not_the_demo(settings) -> None:
    settings.DEMO = False


def table(rows=ROWS, columns=COLUMNS) -> TableFile:
    return TableFile("bang", "Bảng thử", columns, iter(rows), AT, [("Phạm vi", "đã duyệt")], rounded_percent)


def content(kind: str, made: TableFile) -> bytes:
    return b"".join(file_response(kind, made).streaming_content)


def test_csv_is_what_the_page_shows():
    text = content("csv", table()).decode("utf-8-sig")
    assert content("csv", table()).startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(text))) == [
        ["Đơn vị", "Tiếp nhận", "Trực tuyến", "Tỷ lệ trực tuyến", "Ngày", "Lúc"],
        ["xã Thanh Tân", "1240", "155", "12,5%", "14/6/2022", "08:30 12/8/2022"],
        ["xã Liêm Phong", "3", "0", "0%", "", ""],
        ["'=1+1", "", "", "—", "", ""],
    ]


def test_json_has_bare_values_and_names_its_source():
    data = json.loads(content("json", table()))
    assert data["rows"][0] == {
        "name": "xã Thanh Tân", "received": 1240, "online": 155, "share": "12.5",
        "day": "2022-06-14", "at": "2022-08-12T08:30:00+07:00",
    }  # fmt: skip
    assert data["rows"][2]["received"] is None and data["rows"][2]["name"] == "=1+1"
    assert data["source"] == {"Bảng": "Bảng thử", "Phạm vi": "đã duyệt", "Lập lúc": "08:30 ngày 12/8/2022"}
    assert json.loads(content("json", table([])))["rows"] == []


def test_another_program_computes_totals_and_shares(tmp_path):
    made = content("xlsx", table())
    sheet = openpyxl.load_workbook(BytesIO(made))["Số liệu"]
    assert (sheet["B7"].value, sheet["D4"].value) == ("=SUM(B4:B6)", '=IF(N(B4)=0,"—",N(C4)/B4)')
    assert sheet.freeze_panes == "B4" and sheet["B4"].data_type == "n" and sheet["A6"].data_type == "s"
    assert sheet["E4"].value == datetime(2022, 6, 14) and sheet["F4"].value == datetime(2022, 8, 12, 8, 30)
    assert sheet["D4"].number_format == "0.0%"
    book = recalculated(made, tmp_path)
    values = [[cell.value for cell in row[:4]] for row in book["Số liệu"].iter_rows(min_row=4)]
    assert values == [
        ["xã Thanh Tân", 1240, 155, 0.125],
        ["xã Liêm Phong", 3, 0, 0],
        ["=1+1", None, None, "—"],
        ["Tổng cộng", 1243, 155, pytest.approx(155 / 1243)],
    ]
    source = {row[0].value: row[1].value for row in book["Nguồn"].iter_rows()}
    assert source == {"Bảng": "Bảng thử", "Phạm vi": "đã duyệt", "Lập lúc": "08:30 ngày 12/8/2022"}


@pytest.mark.parametrize(
    ("online", "received", "form"),
    [
        ((10_004, 10_005), (10_005, 10_005), "0.000%"),
        ((0, 1), (10_000, 20_000), "0.000%"),
        ((0, 9), (10_000, 10_000), "0.00%"),
        ((10_005, 10_005), (10_005, 10_005), "0.0%"),
        ((0, 0), (5, 5), "0.0%"),
        ((10_006, 10_005), (10_005, 10_005), "0.000%"),
    ],
)
def test_a_total_share_hides_no_dossier(online, received, form):
    rows = [
        ("xã", *pair, PrintedRate("12,5%", "12.5"), None, None) for pair in zip(received, online, strict=True)
    ]
    sheet = openpyxl.load_workbook(BytesIO(content("xlsx", table(rows))))["Số liệu"]
    assert sheet["D6"].number_format == form


def test_a_total_share_of_what_nobody_reports_is_none(tmp_path):
    made = content("xlsx", table([("xã", 5, None, PrintedRate("—", None), None, None)]))
    assert openpyxl.load_workbook(BytesIO(made))["Số liệu"]["D5"].value == "—"
    assert [cell.value for cell in recalculated(made, tmp_path)["Số liệu"][5][:4]] == [
        "Tổng cộng", 5, None, "—",
    ]  # fmt: skip


def test_the_line_under_the_title_names_unit_period_and_scope_only():
    source = [
        ("Đơn vị", "xã A (1)"),
        ("Kỳ báo cáo", "tháng 7"),
        ("Phạm vi", "đã duyệt"),
        ("Ô trống", "khác với 0"),
    ]
    made = TableFile("bang", "Bảng thử", COLUMNS, iter(ROWS), AT, source, rounded_percent)
    sheet = openpyxl.load_workbook(BytesIO(content("xlsx", made)))["Số liệu"]
    assert sheet["A2"].value == "Đơn vị: xã A (1); Kỳ báo cáo: tháng 7; Phạm vi: đã duyệt"


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_people_is_never_a_formula(text):
    columns = (TableColumn("name", "Đơn vị"),)
    cell = list(csv.reader(io.StringIO(content("csv", table([(text,)], columns)).decode("utf-8-sig"))))[1][0]
    assert cell[:1] not in "=+-@\t\r" and not {"\x0b", "\0"} & set(cell)
    sheet = openpyxl.load_workbook(BytesIO(content("xlsx", table([(text,)], columns))))["Số liệu"]
    assert sheet["A4"].data_type == "s" and not sheet["A4"].hyperlink
    assert json.loads(content("json", table([(text,)], columns)))["rows"]


@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
def test_memory_does_not_follow_the_rows(kind):
    def rows(number):
        return ((f"xã {place}", place, 1, PrintedRate("1%", "1.0"), None, None) for place in range(number))

    def peak(number):
        tracemalloc.start()
        for _ in file_response(
            kind, TableFile("x", "x", COLUMNS, rows(number), AT, percent=rounded_percent)
        ).streaming_content:
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(8_000) < peak(400) + 1_000_000


def request_for(query: str, method: str = "get"):
    return getattr(RequestFactory(), method)(f"/x/?{query}")


def test_the_address_asks_for_page_or_file():
    tables = {"": table, "khac": table}
    assert requested_file(request_for(""), tables) is None
    assert requested_file(request_for("tai=csv", "post"), tables) is None
    assert (
        requested_file(request_for("tai=csv"), tables).headers["Content-Disposition"]
        == 'attachment; filename="bang.csv"'
    )
    assert requested_file(request_for("tai=json&bang=khac"), tables).status_code == 200
    for query in ("tai=exe", "tai=csv&bang=la"):
        with pytest.raises(BadRequest):
            requested_file(request_for(query), tables)


def test_a_name_of_a_file_breaks_no_header():
    made = TableFile("../x\r\nSet-Cookie: a=b\u202e", "x", COLUMNS, [], AT)
    assert (
        file_response("csv", made).headers["Content-Disposition"]
        == 'attachment; filename="x-Set-Cookie-a-b.csv"'
    )
