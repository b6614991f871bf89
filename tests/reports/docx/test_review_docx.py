"""The review as DOCX: the words of its PDF, real styles, the layout of decree 30/2020, reproducible bytes."""

import re
import zipfile
from html import unescape
from io import BytesIO, StringIO

import docx
import pytest
from django.core.management import call_command
from django.template.loader import render_to_string
from docx.oxml.ns import qn
from pypdf import PdfReader

from reports import document
from reports.docx.review_docx import DRAFT, docx_bytes
from reports.drafting import actions
from reports.printing import print_view
from tests.support.libreoffice import converted, text_of
from tests.support.loaded_demo import NOW


def content(review, **shown) -> bytes:
    view = print_view.print_context(document.build_document(review, demo=True))
    return docx_bytes(view | shown, moment=NOW, draft=True)


def opened(data: bytes):
    return docx.Document(BytesIO(data))


def letters(data: bytes) -> str:
    """The whole text in order without spaces, leaving out labels in bars."""
    texts = []
    for paragraph in opened(data).element.body.iter(qn("w:p")):
        heights = [table.find(f".//{qn('w:trHeight')}") for table in paragraph.iterancestors(qn("w:tbl"))]
        if all(height is None for height in heights):
            texts += [text.text for text in paragraph.iter(qn("w:t"))]
    return "".join("".join(texts).split())


def letters_of_print(doc: dict) -> str:
    html = render_to_string("reports/printing/review.html", print_view.print_context(doc))
    html = re.sub(r'(?s)<div class="verify">.*?</div>', "", html)
    body = re.sub(r"(?s)<svg.*?</svg>", _in_words, html[html.index("<main>") : html.index("</body>")])
    return "".join(unescape(re.sub(r"<[^>]+>", "", body)).split())


def _in_words(drawing: re.Match[str]) -> str:
    """The title of line and unit charts, which DOCX prints; nothing for share bars and legends."""
    described = "translate(" in drawing[0] or 'id="gaps' in drawing[0]
    return re.search(r"<title>(.*?)</title>", drawing[0])[1] if described else " "


def test_it_says_word_for_word_what_the_pdf_says(review):
    ours, theirs = letters(content(review)), letters_of_print(document.build_document(review, demo=True))
    assert len(ours) > 5000
    place = next((at for at, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None)
    assert place is None, (ours[place - 40 : place + 40], theirs[place - 40 : place + 40])
    assert len(ours) == len(theirs)


def test_text_stands_in_styles(review):
    doc = opened(content(review))
    used = {paragraph.style.name for paragraph in doc.paragraphs}
    assert {
        "Heading 1",
        "Heading 2",
        "Heading 3",
        "Body Text",
        "Title",
        "Subtitle",
        "Caption",
        "Tên phụ lục",
    } <= used
    assert "Normal" not in {paragraph.style.name for paragraph in doc.paragraphs if paragraph.text.strip()}
    headings = [paragraph.text for paragraph in doc.paragraphs if paragraph.style.name == "Heading 1"]
    assert [heading.split(".")[0] for heading in headings] == ["I", "II", "III", "IV"]
    body = doc.styles["Body Text"]
    assert (body.font.name, body.font.size.pt) == ("Times New Roman", 14)
    assert body.paragraph_format.first_line_indent.mm == pytest.approx(12.7, abs=0.05)
    assert body.paragraph_format.space_before.pt >= 6
    assert doc.core_properties.language == "vi-VN"
    assert doc.styles["Normal"].element.rPr.find(qn("w:lang")).get(qn("w:val")) == "vi-VN"


def test_pages_are_those_of_the_decree(review):
    main, appendix = opened(content(review)).sections
    assert (round(main.page_width.mm), round(main.page_height.mm)) == (210, 297)
    edges = [main.top_margin, main.bottom_margin, main.left_margin, main.right_margin]
    for edge, (least, most) in zip(edges, [(20, 25), (20, 25), (30, 35), (15, 20)], strict=True):
        assert least <= round(edge.mm, 1) <= most
    assert main.different_first_page_header_footer
    assert main.header.paragraphs[0].alignment or main.header.paragraphs[0].style.name == "Header"
    assert "PAGE" in main.header._element.xml
    assert "PAGE" not in main.first_page_header._element.xml
    assert appendix.page_width > appendix.page_height


def test_heads_of_tables_repeat_and_no_row_is_split(review):
    tables = [
        table
        for table in opened(content(review)).tables
        if table._tbl.tblPr.find(qn("w:tblBorders")) is not None
    ]
    assert len(tables) > 6
    for table in tables:
        assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
    wide = tables[-1]
    assert [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in wide.rows][:4] == [
        True,
        True,
        True,
        False,
    ]


def test_the_same_document_gives_the_same_bytes(review, monkeypatch):
    first = content(review)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert content(review) == first
    with zipfile.ZipFile(BytesIO(first)) as parts:
        assert {entry.date_time[0] for entry in parts.infolist()} == {1980}
        assert not [name for name in parts.namelist() if "thumbnail" in name]


@pytest.mark.usefixtures("drawn_once")
def test_a_frozen_review_is_written_from_what_was_frozen(review, signed_in, monkeypatch):
    draft = signed_in("lanhdao").get(f"/reports/reviews/{review.pk}.docx")
    assert 'filename="du-thao-cchc-2022-H1-' in draft.headers["Content-Disposition"]
    assert DRAFT in opened(draft.content).sections[0].footer.paragraphs[0].text
    call_command("issue_review", str(review.pk), by="lanhdao", stdout=StringIO(), stderr=StringIO())
    monkeypatch.setattr(document, "build_document", lambda *a, **k: pytest.fail("read current figures"))
    frozen = signed_in("lanhdao").get(f"/reports/reviews/{review.pk}.docx")
    assert frozen.status_code == 200
    assert 'filename="bao-cao-cchc-2022-H1-' in frozen.headers["Content-Disposition"]
    assert not opened(frozen.content).sections[0].footer.paragraphs[0].text
    stored = type(review).objects.get(pk=review.pk).frozen
    # Without the verification code: an editable file must not look verifiable.
    assert letters(frozen.content) == letters_of_print(stored)
    assert stored["verify"]["code"] not in letters(frozen.content)


HOSTILE = (
    "<script>alert(1)</script> ]]> & \x0b\x1f\ufffe \u202eabc 😀 http://169.254.169.254/ " + "dài" * 2000
)


def test_hostile_text_stays_text(review):
    section = review.sections.all()[2]
    bodies = {section.pk: (HOSTILE[:300], f"{HOSTILE}\n\n" + "chữ " * 2000)}
    actions.edit_draft(review, by=None, at=NOW, bodies=bodies, recipients=[HOSTILE[:200]])
    data = content(review)
    text = "\n".join(paragraph.text for paragraph in opened(data).paragraphs)
    assert "<script>alert(1)</script> ]]> &" in text
    assert "😀 http://169.254.169.254/" in text
    with zipfile.ZipFile(BytesIO(data)) as parts:
        assert b'TargetMode="External"' not in b"".join(parts.read(name) for name in parts.namelist())


def test_an_office_program_lays_it_out(review, tmp_path):
    """Rendered by LibreOffice: portrait and landscape pages, page numbers from page 2, no empty page."""
    path = tmp_path / "review.docx"
    path.write_bytes(content(review))
    drawn = converted(path, "pdf")
    pages = text_of(drawn).split("\f")[:-1]
    assert 7 <= len(pages) <= 14
    assert [page.split()[0] for page in pages[1:]] == [str(number) for number in range(2, len(pages) + 1)]
    assert pages[0].split()[:3] == ["ỦY", "BAN", "NHÂN"]
    assert all(len(page.split()) > 20 for page in pages)
    widths = [round(float(page.mediabox.width)) for page in PdfReader(drawn).pages]
    assert (widths[0], widths[-1]) == (595, 842)
    assert "TM. ỦY BAN NHÂN DÂN" in next(page for page in pages if "Nơi nhận:" in page)
