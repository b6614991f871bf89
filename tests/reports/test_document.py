"""The document of a review with missing figures, none, a single unit, or quoted indicators."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest

from figures.periods import Period
from records.indicators import actions as indicators_actions
from reports import document
from reports.drafting import actions as drafting_actions
from reports.freezing import before_signing
from reports.printing import print_view
from reports.review_files import workbook
from reports.review_text import text_figures
from tests.support.loaded_demo import NOW
from units.models import Unit


def draft_document(code: str, period: str) -> dict:
    unit = Unit.objects.get(code=code)
    return document.build_document(
        drafting_actions.open_draft(unit, Period.parse(period), by=None, at=NOW), demo=True
    )


def test_silent_units_are_listed_and_warned_of(review):
    doc = draft_document("351", "2021-Q3")
    shown = print_view.print_context(doc)
    assert shown["missing_lines"] == ["Xã Liêm Sơn: tháng 8/2021", "Xã Thanh Hương: tháng 8/2021"]
    assert "82/84 báo cáo tháng" in shown["opening"][1]
    assert any("Còn thiếu báo cáo (82/84" in warning for warning in before_signing(review, doc, NOW.date()))
    assert shown["tier_rows"][0].before.shares["online"].percent is None


def test_a_running_period_is_warned_of_first(review):
    doc = draft_document("351", "2022-H2")
    first = before_signing(review, doc, NOW.date())[0]
    assert first.startswith("Kỳ báo cáo chưa kết thúc (đến hết ngày 14/12/2022)")
    assert not any("chưa kết thúc" in warning for warning in before_signing(review, doc, date(2022, 12, 15)))
    assert doc["header"]["place"] == "Thanh Liêm"


@pytest.mark.parametrize(
    ("period", "at", "year"),
    [
        ("2022", datetime(2022, 12, 31, 16, 59, tzinfo=UTC), "2022"),
        ("2022", datetime(2022, 12, 31, 17, 0, tzinfo=UTC), "2023"),  # 1 January in Vietnam
        ("2023", NOW, "2023"),
    ],
)
def test_the_date_line_has_the_year_of_the_draft_where_that_is_the_next_one(review, period, at, year):
    unit = Unit.objects.get(code="351")
    doc = document.build_document(
        drafting_actions.open_draft(unit, Period.parse(period), by=None, at=at), demo=True
    )
    assert doc["header"]["year"] == year


def test_nothing_reported_claims_nothing(review):
    doc = draft_document("351", "2023-H1")
    shown = print_view.print_context(doc)
    assert shown["bars"] == [] and shown["online_label"] == "một phần, toàn trình"
    assert all(result.reached is None for result in shown["rate_results"])


def test_one_unit_has_no_total_row(review):
    shown = print_view.print_context(draft_document("13474", "2022-H1"))
    assert [row.name for row in shown["tier_rows"]] == ["Cấp xã"]
    assert shown["tier_rows"][0].now.counts["received"] == 1289


def test_rows_of_every_table_add_up(review):
    shown = print_view.print_context(document.build_document(review, demo=True))
    units = [row for row in shown["unit_rows"] if not row.is_total]
    assert len(units) == 28
    assert sum(row.now.counts["received"] for row in units) == 17793
    form = [row for row in shown["form_rows"] if not row.is_total]
    assert [sum(row.cells[n] or 0 for row in form) for n in range(11)] == list(shown["form_rows"][-1].cells)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("huyện Thanh Liêm", "Thanh Liêm"),
        ("thị trấn Tân Thanh", "Tân Thanh"),
        ("Phòng Nội vụ", "Phòng Nội vụ"),
    ],
)
def test_place(name, place):
    assert document.place_name(name) == place


def test_text_keeps_its_figures_and_the_facts_that_it_quotes(review):
    doc = document.build_document(review, demo=True)
    assert doc["format"] == "cchc-review/2"
    quoted = [
        run
        for section in doc["sections"]
        for part in section["paragraphs"]
        for run in part
        if isinstance(run, dict)
    ]
    assert len(quoted) >= 40 and {run["figure"] for run in quoted} == set(doc["facts"])
    assert all(run["text"] == doc["facts"][run["figure"]]["text"] for run in quoted)
    fact = doc["facts"]["now.commune.received_direct"]
    assert (fact["text"], fact["value"]) == ("14.712", 14712)
    assert fact["source"] == "Số liệu đã duyệt từ 15/12/2021 đến 14/6/2022, 96/96 báo cáo tháng"
    formula = doc["facts"]["now.commune.share.direct"]["formula"]
    assert formula.endswith("chia cho tổng số hồ sơ tiếp nhận trong kỳ. 14.712 ÷ 16.833")


def test_a_fact_that_is_none_is_left_out(review):
    section = review.sections.get(order=2)
    body = "Xã cũ nhận [[unit.99999.received|12]] hồ sơ."
    drafting_actions.edit_draft(review, by=None, at=NOW, bodies={section.pk: (section.heading, body)})
    doc = document.build_document(review, demo=True)
    assert "unit.99999.received" not in doc["facts"]
    assert [run.text for run in print_view.print_context(doc)["sections"][1]["paragraphs"][0]][1] == "12"


def test_a_document_of_the_first_format_is_still_read(review):
    """From before bound figures: paragraphs as texts, drafted sentences separate, no facts."""
    doc = document.build_document(review, demo=True)
    del doc["facts"], doc["typed"]
    for section in doc["sections"]:
        section["paragraphs"] = ["Đạt 51,7%."] if section["paragraphs"] else []
        del section["key"], section["responsible"]
    doc |= {"format": "cchc-review/1", "drafted": {"channels": ["Cấp xã tiếp nhận 16.833 hồ sơ."]}}
    shown = print_view.print_context(doc)
    assert [run.text for run in shown["sections"][1]["paragraphs"][0]] == ["Đạt 51,7%."]
    assert shown["drafted"]["channels"] == ["Cấp xã tiếp nhận 16.833 hồ sơ."]
    assert text_figures.text_figures(doc).unsourced == ()


def test_it_is_printed_with_its_day_and_quoted(review):
    rows = [
        {"code": "sipas", "name": "Chỉ số hài lòng", "counted_in": "%"},
        {"code": "diem", "name": "Điểm đánh giá", "counted_in": "điểm"},
    ]
    new = indicators_actions.define_indicator(
        [row | {"numerator_name": "Công bố", "quoted": True} for row in rows], by=None, at=NOW
    )
    values = {
        indicator.pk: {"quoted": number, "quoted_on": date(2022, 6, 1), "source": "Bộ Nội vụ"}
        for indicator, number in zip(new, (Decimal("85.40"), Decimal("1240.25")), strict=True)
    }
    indicators_actions.save_indicator_values(review.unit, Period.parse("2022-H1"), values, by=None, at=NOW)
    doc = document.build_document(review, demo=True)
    results = {result.name: result for result in print_view.print_context(doc)["indicator_results"]}
    assert (results["Chỉ số hài lòng"].now, results["Điểm đánh giá"].now) == ("85,4%", "1.240,25 điểm")
    assert results["Chỉ số hài lòng"].parts == "công bố ngày 01/6/2022"
    fact = document.document_facts(doc)["indicator.sipas.quoted"]
    assert (fact.text, fact.value) == ("85,4", "85.4") and "Bộ Nội vụ" in fact.source
    content = workbook.review_xlsx_bytes(doc, moment=NOW, state="Dự thảo")
    cells = [cell for sheet in openpyxl.load_workbook(BytesIO(content)) for row in sheet for cell in row]
    assert "công bố ngày 01/6/2022: 85,4%; Bộ Nội vụ" in [cell.value for cell in cells]
