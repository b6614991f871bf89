"""A number that somebody else published: printed with its day, quoted as a fact, never computed."""

from datetime import date
from decimal import Decimal
from io import BytesIO

import openpyxl

from figures.periods import Period
from records.indicators import actions
from reports.document import document
from reports.printing import print_view
from reports.review_files import workbook
from tests.reports.conftest import NOW


def test_it_is_printed_with_its_day_and_quoted(review):
    rows = [
        {"code": "sipas", "name": "Chỉ số hài lòng", "counted_in": "%"},
        {"code": "diem", "name": "Điểm đánh giá", "counted_in": "điểm"},
    ]
    new = actions.define_indicator(
        [one | {"numerator_name": "Công bố", "quoted": True} for one in rows], by=None, at=NOW
    )
    values = {
        one.pk: {"quoted": number, "quoted_on": date(2022, 6, 1), "source": "Bộ Nội vụ"}
        for one, number in zip(new, (Decimal("85.40"), Decimal("1240.25")), strict=True)
    }
    actions.save_indicator_values(review.unit, Period.parse("2022-H1"), values, by=None, at=NOW)
    doc = document.build_document(review, demo=True)
    results = {one.name: one for one in print_view.print_context(doc)["indicator_results"]}
    assert (results["Chỉ số hài lòng"].now, results["Điểm đánh giá"].now) == ("85,4%", "1.240,25 điểm")
    assert results["Chỉ số hài lòng"].parts == "công bố ngày 01/6/2022"
    fact = document.document_facts(doc)["indicator.sipas.quoted"]
    assert (fact.text, fact.value) == ("85,4", "85.4") and "Bộ Nội vụ" in fact.source
    content = workbook.review_xlsx_bytes(doc, moment=NOW, state="Dự thảo")
    cells = [cell for sheet in openpyxl.load_workbook(BytesIO(content)) for row in sheet for cell in row]
    assert "công bố ngày 01/6/2022: 85,4%; Bộ Nội vụ" in [cell.value for cell in cells]
