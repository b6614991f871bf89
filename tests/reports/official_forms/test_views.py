"""Official forms of a unit, a district and a province: page, XLSX that another program recalculates, PDF."""

import json
from datetime import UTC, date, datetime
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings as project
from django.db import connection
from django.test.utils import CaptureQueriesContext

from figures import formatting
from figures.formatting import format_count
from records.indicators import actions
from records.models import Indicator, IndicatorValue
from reports.official_forms.sheet import LINES
from reports.pdf.review_pdf import pdf_text
from tests.records.official_form_upload.test_forms import successor
from tests.support.libreoffice import recalculated
from tests.units.succession import successions
from units.models import Unit
from units.tree.queries import resolve_code
from units.tree.rules import UnitDraft

AT = datetime(2022, 8, 12, 1, 30, tzinfo=UTC)
HALF = "?unit=351&period=2022-H1"
PRESETS = Path(project.BASE_DIR) / "fixtures" / "indicators.json"


def address(kind: str = "/", query: str = HALF, key: str = "ii-06a") -> str:
    return f"/reports/forms/{key}{kind}{query}"


@pytest.mark.parametrize("query", ["?unit=13474&period=2022-M06", HALF, "?unit=35&period=2022-Q1"])
def test_unit_district_and_province_have_their_form(reader, query):
    answer = reader("quantri").get(address(query=query))
    if query.startswith("?unit=35&") and answer.status_code == 404:
        pytest.fail("the demo has a province")
    filled = answer.context["filled"]
    assert not filled.empty
    shown = answer.content.decode()
    for row in filled.rows:
        assert all(f'<td class="num">{format_count(cell)}</td>' in shown for cell in row.cells)
    assert filled.coverage in shown and all(note in shown for note in filled.notes)
    assert "hồ sơ rút, trả lại tính vào cột (9)" in shown
    assert filled.form.rules == filled.notes[0].removesuffix(".")


@pytest.mark.parametrize(
    "key, query, hint",
    [
        ("ii-06b", HALF, "ở trang “Bộ chỉ tiêu”"),
        ("ii-06a", "?unit=351&period=2024-H1", "nhập và duyệt số liệu"),
    ],
)
def test_an_empty_form_says_what_to_do(reader, key, query, hint):
    answer = reader("tonghop").get(address(query=query, key=key))
    assert answer.context["filled"].empty and hint in answer.content.decode()


def test_the_sheet_is_typed_and_another_program_computes_the_same(reader, tmp_path):
    client = reader("tonghop")
    filled = client.get(address()).context["filled"]
    answer = client.get(address(".xlsx"))
    assert 'filename="bieu-351-ii-06a-2022-H1.xlsx"' in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0]
    assert (sheet["A1"].value, sheet["D1"].value) == (
        "Biểu số II.06a/VPCP/KSTT", "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH",
    )  # fmt: skip
    assert sheet["D3"].value == "(từ ngày 15/12/2021 đến ngày 14/6/2022)"
    assert sheet["I1"].value == "Đơn vị báo cáo: UBND huyện Thanh Liêm"
    assert sheet["I5"].value == "Đơn vị tính: số hồ sơ TTHC"
    assert [cell.value for cell in sheet[LINES]] == [f"({number})" for number in range(1, 14)]
    assert sheet.freeze_panes == f"C{LINES + 1}"
    first = sheet[LINES + 2]
    assert first[2].value.startswith("=SUM(") and first[3].data_type == "n"
    book = recalculated(answer.content, tmp_path)
    rows = book.worksheets[0].iter_rows(min_row=LINES + 1, max_row=LINES + len(filled.rows))
    assert [tuple(cell.value for cell in row[2:13]) for row in rows] == [row.cells for row in filled.rows]
    source = {row[0].value: row[1].value for row in book["Nguồn"].iter_rows()}
    assert source["Mức độ đầy đủ"] == "168/168 báo cáo tháng"
    assert source["Ban hành theo"] == "Thông tư số 01/2020/TT-VPCP"
    assert "tiếp nhận trực tuyến mức độ 4" in source["Số lượng hồ sơ tiếp nhận: trực tuyến (4)"]
    assert source["Lập lúc"] == "08:30 ngày 12/8/2022"


def test_the_pdf_holds_every_figure_of_the_page(reader):
    client = reader("tonghop")
    filled = client.get(address()).context["filled"]
    answer = client.get(address(".pdf"))
    assert answer.headers["Content-Type"] == "application/pdf"
    text = " ".join(pdf_text(answer.content).split())
    for row in filled.rows:
        assert row.name in text and all(format_count(cell) in text for cell in row.cells)
    for words in (
        "Biểu số II.06a/VPCP/KSTT",
        "Đơn vị nhận báo cáo: UBND",
        "Đơn vị tính: số hồ sơ TTHC",
        filled.coverage,
    ):
        assert words in text


def test_an_identity_that_does_not_hold_is_shown(reader):
    """With a month missing, the opening does not match what was pending before."""
    answer = reader("tonghop").get(address(query="?unit=351&period=2022-M01..M07"))
    filled = answer.context["filled"]
    gaps = [gap for row in filled.rows for gap in filled.form.gaps(row.cells)]
    assert bool(gaps) == bool(filled.broken)
    assert ("chỗ chưa khớp" in answer.content.decode()) == bool(filled.broken)


def test_a_share_of_a_divided_unit_says_in_every_file_that_it_is_an_estimate(reader, settings):
    old, on = Unit.objects.get(code="13474"), date(2022, 8, 1)
    parts = [
        successions.Part(
            UnitDraft(f"x{at}", f"xã Phần {at}", "committee", "commune", on, parent=old.parent),
            Fraction(at, 3),
        )
        for at in (1, 2)
    ]
    successions.replace([old], parts, on, by=None)
    settings.DEMO_TODAY = date(2022, 10, 1)
    client, query = reader("tonghop"), "?unit=x1&period=2022-H1&basis=today"
    page = client.get(address(query=query))
    filled = page.context["filled"]
    assert formatting.ESTIMATED in page.content.decode()
    assert filled.form.gaps(filled.rows[-1].cells), "each cell is rounded by itself"
    assert "do số ước tính" in filled.notes[-1] and "tháng chưa báo cáo" not in filled.notes[-1]
    sheet = openpyxl.load_workbook(BytesIO(client.get(address(".xlsx", query)).content)).worksheets[0]
    assert formatting.ESTIMATED in [row[0].value for row in sheet.iter_rows()]
    text = pdf_text(client.get(address(".pdf", query)).content)
    assert formatting.ESTIMATED in " ".join(text.split())
    assert formatting.ESTIMATED not in client.get(address()).content.decode()


def test_the_number_of_queries_does_not_follow_units(reader):
    client = reader("quantri")
    counts = []
    for unit in ("13474", "351"):
        client.get(address(query=f"?unit={unit}&period=2022-H1"))
        with CaptureQueriesContext(connection) as queries:
            client.get(address(query=f"?unit={unit}&period=2022-H1"))
        counts.append(len(queries))
    assert max(counts) < 60, counts


@pytest.fixture
def causes(demo):
    """Two communes with their reasons for late dossiers."""
    actions.define_indicator(actions.read_presets(PRESETS), by=None, at=AT)
    by_code = {indicator.code: indicator for indicator in Indicator.objects.all()}
    values = [
        ("13474", "tre-chu-quan", 4, 9),
        ("13474", "tre-khach-quan", 5, 9),
        ("13450", "tre-chu-quan", 1, 3),
    ]
    values += [
        ("13450", "tre-khach-quan", 1, 3),
        ("13474", "thu-xin-loi", 7, 9),
        ("13450", "thu-xin-loi", 3, 3),
    ]
    for code, name, numerator, denominator in values:
        IndicatorValue.objects.create(
            indicator=by_code[name],
            unit=resolve_code(code, date(2022, 6, 14)),
            period="2022-H1",
            numerator=numerator,
            denominator=denominator,
        )


def test_causes_and_letters_come_from_the_indicators(causes, reader, tmp_path):
    client = reader("tonghop")
    filled = client.get(address(key="ii-06b")).context["filled"]
    assert [row.cells for row in filled.rows][-1] == (12, 5, 6)
    assert len(filled.rows) == 3
    assert any("(3) = (4) + (5), lệch +1" in note for note in filled.broken)
    letters = client.get(address(key="ii-06c")).context["filled"]
    assert [row.cells for row in letters.rows][-1] == (12, 10, 2) and letters.broken == []
    for key, cells in (("ii-06b", (12, 5, 6)), ("ii-06c", (12, 10, 2))):
        folder = tmp_path / key
        folder.mkdir()
        book = recalculated(client.get(address(".xlsx", key=key)).content, folder)
        row = book.worksheets[0][LINES + 3]
        assert tuple(cell.value for cell in row[2:5]) == cells
        assert str(cells[0]) in pdf_text(client.get(address(".pdf", key=key)).content)


def test_without_a_figure_the_page_says_what_to_do(reader):
    answer = reader("tonghop").get(address(key="ii-06b"))
    assert answer.status_code == 200 and "Chưa có số liệu cho biểu này" in answer.content.decode()


def test_a_successor_is_shown_under_the_old_address_from_its_day_on(reader, settings, tmp_path):
    settings.FORM_DIRS = [*settings.FORM_DIRS[:1], tmp_path]
    (tmp_path / "moi.json").write_text(json.dumps(successor(valid_from="2022-03-01")), encoding="utf-8")
    client = reader("quantri")
    old, new = (client.get(address(query=f"?unit=351&period={code}")) for code in ("2022-M02", "2022-M06"))
    assert [answer.context["filled"].form.code for answer in (old, new)] == [
        "II.06a/VPCP/KSTT",
        "BM.2026/BTP",
    ]
    assert "Rút, trả lại" in new.content.decode() and len(new.context["filled"].rows[0].cells) == 12
    (tmp_path / "hong.json").write_text("{", encoding="utf-8")
    assert "Tệp biểu <b>hong.json</b> không dùng được" in client.get(address()).content.decode()
    assert "hong.json" not in reader("xa-13474").get(address(query="?period=2022-M06")).content.decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (address(key="khong-co"), 404),
        (address(query="?unit=khong-co"), 404),
        (address(query="?period=2022-M99"), 400),
        (address(".xlsx", "?period=x"), 400),
        (address(".pdf", "?period=x"), 400),
    ],
)
def test_invalid_parameters_are_refused(reader, path, status):
    assert reader("tonghop").get(path).status_code == status


def test_outsiders_know_nothing(reader):
    assert reader("xa-13474").get(address()).status_code == 404
