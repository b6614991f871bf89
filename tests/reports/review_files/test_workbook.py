"""The review as XLSX: formulas that LibreOffice computes to the server's figures, numbers as numbers, safe text."""

import copy
import re
from decimal import ROUND_HALF_UP, Decimal
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.core.management import call_command

from figures.formatting import format_percent
from figures.rounding import point_difference
from figures.summary import Summary
from reports import document
from reports.official_forms import sheet
from reports.official_forms.sheet import LINES
from reports.printing import print_view
from reports.review_files import workbook as review_files_workbook
from reports.tables.columns import COUNTS, RATES
from tests.support.libreoffice import recalculated
from tests.support.loaded_demo import NOW

STATE = "Dự thảo, chưa chốt số liệu"


@pytest.fixture
def doc(review) -> dict:
    return document.build_document(review, demo=True)


def workbook(doc: dict, **how):
    return openpyxl.load_workbook(
        BytesIO(review_files_workbook.review_xlsx_bytes(doc, moment=NOW, state=STATE)), **how
    )


def shown(cell) -> str:
    """A percentage as the sheet shows it."""
    if cell.value == "—":
        return "—"
    decimals = len(cell.number_format.removesuffix("%").partition(".")[2])
    return format_percent(
        str((Decimal(cell.value) * 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))
    )


def lines(sheet) -> list[tuple]:
    """The rows below the head, as dicts by column title."""
    heads = [cell.value for cell in sheet[3]]
    return [dict(zip(heads, row, strict=True)) for row in sheet.iter_rows(min_row=4) if row[0].value]


def test_another_program_computes_the_same_figures(doc, tmp_path):
    now, before = Summary.from_dict(doc["figures"]), Summary.from_dict(doc["last_year"])
    book = recalculated(review_files_workbook.review_xlsx_bytes(doc, moment=NOW, state=STATE), tmp_path)
    for name, expected in (
        ("Theo đơn vị", review_files_workbook.unit_lines(doc, now)),
        ("Theo lĩnh vực", review_files_workbook.field_lines(doc, now)),
    ):
        sheet_rows = list(book[name].iter_rows(min_row=4))
        assert len(sheet_rows) == len(expected) > 20
        for cells, line in zip(sheet_rows, expected, strict=True):
            figures = line.row.figures
            assert [cell.value for cell in cells[3 : 3 + len(COUNTS)]] == [
                figures.counts[key] for key in COUNTS
            ]
            after = 3 + len(COUNTS)
            for cell, rate in zip(cells[after : after + len(RATES)], RATES, strict=True):
                assert shown(cell) == format_percent(figures.share(rate.key).percent), (
                    line.row.name,
                    rate.key,
                )
    compared = {(row["Nội dung"].value, row["Cấp, nhóm"].value): row for row in lines(book["So sánh"])}
    earlier = dict(before.tiers)
    for tier, whom in (("district", "Cấp huyện"), ("commune", "Cấp xã")):
        row = compared["Tỷ lệ hồ sơ trực tuyến", whom]
        new, old = now.tier(tier).share("online"), earlier[tier].share("online")
        assert (shown(row["Kỳ này (%)"]), shown(row["Cùng kỳ (%)"])) == (
            format_percent(new.percent),
            format_percent(old.percent),
        )
        assert row["So với cùng kỳ (điểm phần trăm)"].value == float(
            point_difference(new.percent, old.percent)
        )
    for result in print_view.print_context(doc)["rate_results"]:
        whom = result.name.rpartition(", ")[2].capitalize()
        assert shown(compared[result.name.rpartition(", ")[0], whom]["Chỉ tiêu giao (%)"]) == result.target
    for indicator in doc["indicators"]:
        row = compared[indicator["name"], indicator["group"]]
        assert row["Số đạt"].value == indicator["numerator"]
        assert shown(row["Kỳ này (%)"]) == format_percent(indicator["percent"])
    rows = sheet.form_table(doc)["form_rows"]
    sheet_rows = book["Biểu II.06a"].iter_rows(min_row=LINES + 1, max_row=LINES + len(rows))
    for cells, row in zip(sheet_rows, rows, strict=True):
        assert tuple(cell.value for cell in cells[2:13]) == row.cells


def test_totals_sums_and_shares_are_formulas_and_all_else_is_typed(doc):
    book = workbook(doc)
    for name in ("Theo đơn vị", "Theo lĩnh vực"):
        sheet = book[name]
        assert sheet.freeze_panes == "B4"
        *_, total = lines(sheet)
        assert str(total["Tiếp nhận trực tiếp"].value).startswith("=SUM(")
        assert total["Tiếp nhận trực tiếp"].value.count(",") == 1, "the two tiers"
        for row in lines(sheet):
            assert row["Tỷ lệ hồ sơ trực tuyến (%)"].data_type in ("f", "s")
            assert row["Tiếp nhận"].value is None or row["Tiếp nhận"].data_type == "f"
            assert row["Kỳ trước chuyển sang"].data_type in ("n", "f")
    assert (book["So sánh"].freeze_panes, book["Biểu II.06a"].freeze_panes) == ("B4", "C9")


def test_the_last_sheet_says_where_the_figures_come_from(doc):
    book = workbook(doc | {"verify": {"code": "BCDFGHJKLM", "address": "http://x/verify/", "qr": False}})
    assert book.sheetnames[-1] == "Nguồn"
    source = {row[0].value: row[1].value for row in book["Nguồn"].iter_rows()}
    assert source["Trạng thái"] == STATE
    assert source["Mức độ đầy đủ"] == "168/168 báo cáo tháng"
    assert "Công thức" in source["Tỷ lệ hồ sơ trực tuyến"]
    assert source["Mã kiểm tra"].startswith("BCDFGHJKLM")
    assert source["Lập lúc"] == "08:30 ngày 12/8/2022"
    assert source["Nhật ký"] == f"{doc['log']['sequence']}:{doc['log']['hash']}"
    assert {"Báo cáo", "Đơn vị", "Kỳ báo cáo", "Nguồn", "Phạm vi", "Xếp theo", "Làm tròn"} <= source.keys()


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x","y")', "+1+1", "-2", "@SUM(A1)", "\t=1", "http://x/\x0b"]
)
def test_text_is_never_a_formula(doc, text):
    doc = copy.deepcopy(doc)
    doc["review"]["title"] = doc["figures"]["rows"][0]["name"] = text
    doc["figures"]["unit_name"] = doc["indicators"][0]["name"] = doc["indicators"][0]["source"] = text
    book = workbook(doc)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    formulas = {cell.value for cell in cells if cell.data_type == "f"}
    assert all(re.match(r"=(SUM\(|IF\(N\(|ROUND\()", formula) for formula in formulas)
    assert len([cell for cell in cells if cell.data_type == "s" and text[1:5] in str(cell.value)]) >= 3
    assert not any(cell.hyperlink for cell in cells)


def test_a_total_that_its_rows_do_not_give_stays_a_number(doc):
    """As with figures by today's units: the server's total is not replaced by a different sum."""
    doc = copy.deepcopy(doc)
    doc["figures"]["tiers"][0]["counts"]["withdrawn"] += 1
    first = lines(workbook(doc)["Theo đơn vị"])[0]
    assert first["Rút, trả lại"].value == doc["figures"]["tiers"][0]["counts"]["withdrawn"]
    assert str(first["Kỳ trước chuyển sang"].value).startswith("=SUM(")


@pytest.mark.usefixtures("drawn_once")
def test_a_frozen_review_gives_its_frozen_figures(review, signed_in, monkeypatch):
    reader = signed_in("lanhdao")
    draft = reader.get(f"/reports/reviews/{review.pk}.xlsx")
    assert 'filename="du-thao-so-lieu-cchc-2022-H1-' in draft.headers["Content-Disposition"]
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    monkeypatch.setattr(document, "build_document", lambda *a, **k: pytest.fail("read current figures"))
    first, second = (reader.get(f"/reports/reviews/{review.pk}.xlsx") for _ in range(2))
    assert first.content == second.content
    assert 'filename="bao-cao-so-lieu-cchc-2022-H1-' in first.headers["Content-Disposition"]
    source = openpyxl.load_workbook(BytesIO(first.content))["Nguồn"]
    assert source["B2"].value.startswith("Đã chốt số liệu lúc ")
