"""The PDF is accessible (PDF/UA-1) and archival (PDF/A-3) according to two checkers that need no Java.

Accepted warnings are listed here and explained in docs/pdf.md; any error fails.
"""

import csv
import json
from io import BytesIO, StringIO

import outloud
import pdfua
import pytest
from pypdf import PdfReader

from figures.periods import Period
from figures.summary import Summary
from reports import document
from reports.drafting import actions
from reports.drafting.queries import sections_for_review
from reports.models import Review
from reports.pdf.review_pdf import pdf_text, read_attached
from reports.printing import copies
from tests.reports.conftest import attached
from tests.support.loaded_demo import NOW
from units.models import Unit

from .test_review_pdf import structure

EXPLAINED = {"PAG-001", "TBL-014"}
# This rule of pdfua 0.1.3 fails on any heading whose content is a list; WeasyPrint writes them so.
UNABLE = {"UA-14-001"}


def commune_review() -> Review:
    """A draft with empty sections, of a commune."""
    unit, period = Unit.objects.get(code="13474", active_until=None), Period.parse("2022-H1")
    sections = sections_for_review(unit, period)
    return actions.open_draft(unit, period, by=None, at=NOW, sections=sections)


def hostile(review: Review) -> Review:
    text = "<b>&\u202e\u200bxin chào 🙂 " + "ă" * 300
    actions.edit_draft(
        review,
        by=None,
        at=NOW,
        bodies={section.pk: (section.heading, text) for section in review.sections.all()},
    )
    review.refresh_from_db()
    return review


@pytest.fixture(params=["frozen", "draft", "commune", "hostile"])
def pdf(request, review) -> bytes:
    if request.param == "draft":
        return copies.draft_pdf(review, demo=True)
    if request.param == "commune":
        review = commune_review()
    elif request.param == "hostile":
        review = hostile(review)
    return copies.draw_frozen_copy(
        document.build_document(review, demo=True), at=NOW, qr=request.param == "frozen"
    ).content


def test_checkers_find_no_error(pdf, tmp_path):
    path = tmp_path / "review.pdf"
    path.write_bytes(pdf)
    heard = outloud.check(str(path))
    assert heard.error is None and not [run for run in heard.runs if run.status == "crashed"]
    assert not [
        (finding.rule, finding.page, finding.message)
        for finding in heard.findings
        if finding.severity == "error"
    ]
    assert {finding.rule for finding in heard.findings} <= EXPLAINED
    report = pdfua.validate(str(path))
    assert not report.findings


def test_every_heading_has_text(pdf):
    """Replaces the rule of pdfua that fails on these headings."""
    headings = [element for element in elements(pdf) if str(element["/S"]).startswith("/H")]
    assert len(headings) > 15 and str(headings[0]["/S"]) == "/H1"
    assert all(heading["/K"] for heading in headings)
    levels = [int(str(heading["/S"])[2:]) for heading in headings]
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def elements(content: bytes) -> list:
    return list(structure(PdfReader(BytesIO(content)).trailer["/Root"]["/StructTreeRoot"]))


def test_no_element_is_empty_and_graphics_lie_on_their_page(pdf):
    for element in elements(pdf):
        assert element.get("/K") or element["/S"] in ("/TD", "/TH"), element
        if element["/S"] == "/Figure":
            left, lower, right, upper = element["/A"]["/BBox"]
            *_, width, height = element["/Pg"]["/MediaBox"]
            assert 0 < left < right < width and 0 < lower < upper < height


def test_page_numbers_are_artifacts_and_silent_marks_are_null(review):
    reader = PdfReader(BytesIO(copies.draft_pdf(review, demo=True)))
    numbers = reader.trailer["/Root"]["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    for place, page in enumerate(reader.pages):
        unsaid = [number for number in numbers[2 * place + 1] if str(number) == "NullObject"]
        # The draft mark, and the page number from the second page on.
        artifacts = page.get_contents().get_data().count(b"/Type /Pagination")
        assert len(unsaid) == artifacts == (2 if place else 1)


@pytest.fixture
def frozen_copy(review) -> copies.FrozenCopy:
    return copies.draw_frozen_copy(document.build_document(review, demo=True), at=NOW)


def test_metadata_claim_archival_and_accessible(frozen_copy):
    reader = PdfReader(BytesIO(frozen_copy.content))
    root = reader.trailer["/Root"]
    told = root["/Metadata"].get_data().decode()
    assert 'pdfaid:part="3" pdfaid:conformance="A"' in told and 'pdfuaid:part="1"' in told
    assert "pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/<" in told
    assert told.count("<rdf:RDF") == told.count("</rdf:RDF>") == 1
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1" and root["/Lang"] == "vi"
    assert reader.trailer["/ID"] and "/Encrypt" not in reader.trailer


def test_frozen_figures_are_attached(frozen_copy):
    reader = PdfReader(BytesIO(frozen_copy.content))
    named = [(one["/UF"], one["/AFRelationship"]) for one in reader.trailer["/Root"]["/AF"]]
    assert named == [
        ("so-lieu.json", "/Source"),
        ("so-lieu-theo-don-vi.csv", "/Data"),
        ("so-lieu-theo-linh-vuc-district.csv", "/Data"),
        ("so-lieu-theo-linh-vuc-commune.csv", "/Data"),
    ]
    kept = json.loads(reader.attachments["so-lieu.json"][0])
    assert kept == frozen_copy.document == read_attached(frozen_copy.content)
    assert kept["log"]["sequence"] > 0 and len(kept["log"]["hash"]) == 64
    rows = list(
        csv.DictReader(StringIO(reader.attachments["so-lieu-theo-don-vi.csv"][0].decode("utf-8-sig")))
    )
    figures = Summary.from_dict(kept["figures"])
    assert len(rows) == len(figures.rows) + 1
    total = rows[-1]
    assert int(total["Tiếp nhận trực tiếp"]) == figures.total.counts["received_direct"] == 15175


def test_a_unit_that_reports_itself_has_one_annex(review):
    text = pdf_text(attached(document.build_document(commune_review(), demo=True), at=NOW))
    assert "Phụ lục" in text and "Phụ lục I" not in text and "II.06a/VPCP/KSTT" in text
