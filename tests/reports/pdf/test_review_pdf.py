"""The PDF of a review: text, layout, structure, and hostile content."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest
from django.conf import settings
from pypdf import PdfReader

from reports import document
from reports.drafting import actions
from reports.pdf import weasyprint_program
from reports.pdf.review_pdf import draw_pdf, read_attached
from reports.printing import copies, print_view
from tests.reports.conftest import attached
from tests.support.loaded_demo import NOW

FIGURES = ("463", "48,2%", "496", "51,7%", "14.712", "87,4%", "12,6%", "0,03%", "168/168", "98,6%", "99,3%")


def run(*command: str) -> str:
    assert shutil.which(command[0]), f"{command[0]} is needed (Debian: poppler-utils, qpdf)"
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def file(review, tmp_path):
    path = tmp_path / "review.pdf"
    path.write_bytes(attached(document.build_document(review, demo=True), at=NOW))
    return str(path)


def test_text_copies_out_with_the_published_figures(file):
    text = run("pdftotext", "-layout", file, "-")
    for figure in FIGURES:
        assert figure in text
    for words in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "ỦY BAN NHÂN DÂN", "BÁO CÁO", "2.6. Xây dựng", "IV. KIẾN NGHỊ, ĐỀ XUẤT",
        "Nơi nhận:", "PHÓ CHỦ TỊCH", "Phụ lục II", "II.06a/VPCP/KSTT", "do làm tròn", "Số liệu minh họa",
        "mức độ 3, 4", "chậm nhất ngày 30/9/2022",
    ):  # fmt: skip
        assert words in text
    assert " %" not in text


def test_number_and_date_stay_blank(file):
    head = run("pdftotext", "-l", "1", "-layout", file, "-")
    assert re.search(r"Số:\s+/BC-UBND", head)
    assert re.search(r"ngày\s+tháng\s+năm 2022", head)


def test_layout(file):
    pages = run("pdfinfo", "-l", "99", file)
    sizes = re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", pages)
    portrait, landscape = [[round(float(side)) for side in sizes[place]] for place in (0, -1)]
    assert portrait == [595, 842] and landscape == [842, 595]
    assert "Tagged:          yes" in pages
    first, second = (run("pdftotext", "-f", n, "-l", n, file, "-").strip() for n in "12")
    assert not first.startswith("1\n") and second.startswith("2\n")
    fonts = run("pdffonts", file).splitlines()[2:]
    assert fonts and all("Tinos" in line and " yes yes yes" in line for line in fonts)
    run("qpdf", "--check", file)


def test_graphics_have_alternative_text(file, tmp_path):
    plain = tmp_path / "plain.pdf"
    run("qpdf", "--qdf", "--object-streams=disable", file, str(plain))
    assert plain.read_bytes().count(b"/Alt ") == 8


def structure(element) -> Iterator:
    """All structure elements below an element."""
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        found = kid.get_object()
        if isinstance(found, dict) and "/S" in found:
            yield found
            yield from structure(found)


def test_header_cells_have_a_scope(file):
    tree = PdfReader(file).trailer["/Root"]["/StructTreeRoot"]
    tables = [one for one in structure(tree) if one["/S"] == "/Table"]
    assert len(tables) >= 6
    for table in tables:
        cells = [one for one in structure(table) if one["/S"] in ("/TH", "/TD")]
        heads = {cell["/ID"]: cell for cell in cells if cell["/S"] == "/TH"}
        assert all(head["/A"]["/Scope"] in ("/Column", "/Row") for head in heads.values())
        for cell in cells:
            if cell["/S"] == "/TD":
                scopes = [heads[key]["/A"]["/Scope"] for key in cell["/A"]["/Headers"]]
                assert scopes.count("/Row") == 1 and scopes.count("/Column") >= 1


def test_both_header_rows_name_a_cell(file):
    tree = PdfReader(file).trailer["/Root"]["/StructTreeRoot"]
    table = next(one for one in structure(tree) if one["/S"] == "/Table")
    rows = [one for one in structure(table) if one["/S"] == "/TR"]
    upper, lower, first = [[one for one in structure(row) if "/A" in one] for row in rows[:3]]
    heads = [cell["/A"]["/Headers"][1:] for cell in first if cell["/S"] == "/TD"]
    ids = [[cell["/ID"] for cell in row] for row in (upper, lower)]
    # Reports and total; in person, online, by post and last year with two columns each.
    spans = [[ids[0][3 + place // 2], ids[1][place]] for place in range(8)]
    assert heads == [[ids[0][1]], [ids[0][2]], *spans]


def test_same_document_same_bytes(review):
    doc = document.build_document(review, demo=True)
    drawn = [draw_pdf(print_view.print_context(doc), data=doc, moment=NOW) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert read_attached(drawn[0]) == doc


def test_no_demo_mark_on_real_data(review, tmp_path):
    path = tmp_path / "real.pdf"
    path.write_bytes(attached(document.build_document(review, demo=False), at=NOW))
    assert "minh họa" not in run("pdftotext", str(path), "-")


def test_a_draft_is_marked(review, tmp_path):
    path = tmp_path / "draft.pdf"
    path.write_bytes(copies.draft_pdf(review, demo=True))
    assert "Dự thảo, chưa chốt số liệu" in run("pdftotext", str(path), "-")


def hostile_markup(address: str) -> str:
    return (
        f'<script>fetch("{address}")</script> <img src="{address}/i" onerror="x"> <img src="file:///etc/passwd">'
        f'<link rel="attachment" href="file:///etc/passwd"> <a href="{address}">xem</a>'
        f'<style>@import url("{address}/c")</style> <svg><image href="{address}/s"/></svg>'
        "{{ doc }} {% now 'Y' %}"
    )


@pytest.fixture
def listener():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        yield server


def was_contacted(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("escaped", [True, False])
def test_hostile_text_reaches_nothing(review, listener, tmp_path, monkeypatch, escaped):
    text = hostile_markup(f"http://127.0.0.1:{listener.getsockname()[1]}")
    bodies = {section.pk: (section.heading, text) for section in review.sections.all()}
    actions.edit_draft(
        review, by=None, at=NOW, bodies=bodies, title=text[:200], tasks=[actions.TaskText(text)]
    )
    review.refresh_from_db()
    if not escaped:
        monkeypatch.setattr("django.template.base.conditional_escape", str)
        monkeypatch.setattr("django.template.base.render_value_in_context", lambda value, context: str(value))
    path = tmp_path / "hostile.pdf"
    path.write_bytes(
        draw_pdf(print_view.print_context(document.build_document(review, demo=True)), moment=NOW)
    )
    assert not was_contacted(listener)
    assert "0 embedded files" in run("pdfdetach", "-list", str(path))
    plain = tmp_path / "plain.pdf"
    run("qpdf", "--qdf", "--object-streams=disable", str(path), str(plain))
    content = plain.read_bytes()
    assert b"/FileAttachment" not in content
    if escaped:
        assert b"/URI" not in content
        assert '<img src="file:///etc/passwd">' in " ".join(run("pdftotext", str(path), "-").split())


def test_only_print_fonts_are_fetched():
    fetcher = weasyprint_program.FontsOnly(settings.PRINT_FONTS)
    assert len(fetcher.allowed) == 4
    for address in (
        "file:///etc/passwd",
        "http://127.0.0.1/",
        f"file://{settings.PRINT_FONTS}/../x.ttf",
        "data:,x",
    ):
        with pytest.raises(ValueError):
            fetcher.fetch(address)


@pytest.mark.parametrize(
    "junk", [b"", b"%PDF-1.7", b"\0" * 99, b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer<</Root 1 0 R>>"]
)
def test_junk_holds_no_data(junk):
    assert read_attached(junk) is None
