"""The list of downloads: every format, its description, its size and its rights."""

import copy
from io import StringIO

import pytest
from django.core.management import call_command

from reports import document, meeting
from reports.docx.review_docx import docx_bytes
from reports.meeting import meeting_of
from reports.models import Review
from reports.pdf.review_pdf import draw_pdf, page_source, redraw_pdf
from reports.printing import print_view
from reports.review_files import texts, workbook
from reports.reviews.views import SIZES, estimated_bytes, size_text
from tests.reports.review_files.test_texts import SPOKEN
from tests.support.loaded_demo import NOW
from tests.support.page_text import squeezed


def larger(doc: dict, units: int) -> dict:
    """The document with this many more units in its figures."""
    doc = copy.deepcopy(doc)
    row = next(one for one in doc["figures"]["rows"] if one["key"] == "13474")
    for number in range(units):
        more = copy.deepcopy(row) | {"key": f"x{number}", "name": f"xã Thanh {number}"}
        more["counts"] = {name: (value or 0) * number % 977 for name, value in row["counts"].items()}
        doc["figures"]["rows"].append(more)
        doc["unit_tiers"][more["key"]] = "commune"
    return doc


@pytest.mark.parametrize("units", [0, 200])
def test_estimated_sizes_are_true(review, units):
    meeting.record_meeting(review, SPOKEN, by=None, at=NOW, revision=0)
    told, doc = meeting_of(review), larger(document.build_document(review, demo=True), units)
    shown = texts.notice_context(doc, told, unfrozen=True)
    made = {
        "pdf": draw_pdf(print_view.print_context(doc) | {"draft": True}, moment=NOW),
        "docx": docx_bytes(print_view.print_context(doc), moment=NOW, draft=True),
        "xlsx": workbook.review_xlsx_bytes(doc, moment=NOW, state="Dự thảo"),
        "txt": texts.news_bytes(doc, told, source="Nguồn: Báo cáo của UBND huyện Thanh Liêm.", draft=True),
        "notice_pdf": redraw_pdf(page_source(shown, NOW, texts.TEMPLATE)),
        "notice_docx": docx_bytes(shown, moment=NOW, draft=True, template=texts.TEMPLATE),
    }
    assert made.keys() == SIZES.keys()
    off = {kind: estimated_bytes(doc, told, kind) / len(content) for kind, content in made.items()}
    assert all(0.7 < ratio < 1.4 for ratio in off.values()), off


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "1 KB"), (5_300, "5 KB"), (52_181, "51 KB"), (1_258_291, "1,2 MB"), (13_000_000, "12,4 MB")],
)
def test_sizes_in_words(size, text):
    assert size_text(size) == text


@pytest.mark.usefixtures("drawn_once")
def test_the_page_lists_every_format_and_each_downloads(review, signed_in):
    reader, address = signed_in("lanhdao"), f"/reports/reviews/{review.pk}"
    page = squeezed(reader.get(f"{address}/").content.decode())
    for end in (".pdf", ".docx", ".xlsx", ".txt", "/projection/"):
        assert f'<li><a href="{address}{end}">' in page
        assert reader.get(address + end).status_code == 200
    assert "khoảng 30 KB" in page and "notice.pdf" not in page
    meeting.record_meeting(review, SPOKEN, by=None, at=NOW, revision=0)
    page = reader.get(f"{address}/").content.decode()
    assert f"{address}/notice.pdf" in page and f"{address}/notice.docx" in page
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    kept = len(reader.get(f"{address}.pdf").content)
    page = reader.get(f"{address}/").content.decode()
    assert f"({size_text(kept)})" in page and "bản đã chốt" in page


@pytest.mark.parametrize(
    "end", [".pdf", ".docx", ".xlsx", ".txt", "/projection/", "/notice.pdf", "/notice.docx"]
)
def test_every_format_needs_the_right_to_the_review(review, signed_in, client, end):
    address = f"/reports/reviews/{review.pk}{end}"
    assert client.get(address).status_code == 302
    assert signed_in("xa-13474").get(address).status_code == 404
    assert signed_in("tonghop").post(address).status_code == 405
    assert Review.objects.filter(pk=review.pk).exists()
