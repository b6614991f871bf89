"""The layout of decree 30/2020 (annex I, as ../shared/domain.md gives it), measured in the PDF: millimetres and points.

HEAD and END list the parts of the page: the text that identifies each, and what the decree requires.
"""

from dataclasses import dataclass
from itertools import pairwise

import pymupdf
import pytest

from reports import document
from reports.drafting import actions
from tests.reports.conftest import attached
from tests.support.loaded_demo import NOW

MM = 25.4 / 72
A4 = (210, 297)
# Edge of the page → from and to, in millimetres.
MARGINS = {"top": (20, 25), "bottom": (20, 25), "left": (30, 35), "right": (15, 20)}
NUMBER_SIZE = (13, 14)
TOLERANCE = 0.3  # mm: a letter may hang over by as much


@dataclass(frozen=True)
class Part:
    """Required look of a part: size in points from and to, weight, slope, half of the page."""

    name: str
    text: str
    size: tuple[float, float]
    bold: bool = False
    italic: bool = False
    half: str = ""


HEAD = (
    Part("quốc hiệu", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", (12, 13), bold=True, half="right"),
    Part("tiêu ngữ", "Độc lập - Tự do - Hạnh phúc", (13, 14), bold=True, half="right"),
    Part("cơ quan ban hành", "ỦY BAN NHÂN DÂN", (12, 13), bold=True, half="left"),
    Part("cơ quan ban hành", "HUYỆN THANH LIÊM", (12, 13), bold=True, half="left"),
    Part("số, ký hiệu", "/BC-UBND", (13, 13), half="left"),
    Part("địa danh, ngày", "Thanh Liêm, ngày", (13, 14), italic=True, half="right"),
    Part("tên loại", "BÁO CÁO", (13, 14), bold=True, half="middle"),
    Part(
        "trích yếu",
        "Sơ kết công tác cải cách hành chính 6 tháng đầu năm 2022",
        (13, 14),
        bold=True,
        half="middle",
    ),
)
END = (
    Part("quyền hạn, chức vụ", "PHÓ CHỦ TỊCH", (13, 14), bold=True, half="right"),
    Part("nơi nhận", "Nơi nhận:", (12, 12), bold=True, italic=True, half="left"),
    Part("danh sách nơi nhận", "- Lưu: VT", (11, 11), half="left"),
)


@dataclass(frozen=True)
class Line:
    """A line on a page: edges in millimetres from the left and the top, size in points."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool
    italic: bool


def lines(page) -> list[Line]:
    items = []
    for block in page.get_text("dict")["blocks"]:
        for line in block.get("lines", ()):
            spans = [span for span in line["spans"] if span["text"].strip()]
            if spans:
                sides = [round(side * MM, 2) for side in pymupdf.Rect(line["bbox"])]
                text = "".join(span["text"] for span in line["spans"]).strip()
                font = spans[0]["font"]
                items.append(Line(text, *sides, round(spans[0]["size"], 2), "Bold" in font, "Italic" in font))
    return items


@pytest.fixture(scope="module")
def content(loaded, django_db_blocker) -> bytes:
    from reports.models import Review

    with django_db_blocker.unblock():
        return attached(document.build_document(Review.objects.get(pk=loaded), demo=True), at=NOW)


@pytest.fixture
def pages(content) -> list:
    return list(pymupdf.open(stream=content))


def body(page) -> list[Line]:
    """The lines of a page without its number."""
    return [line for line in lines(page) if line.bottom > MARGINS["top"][0]]


def test_pages_are_a4_upright_and_annexes_lie(pages):
    for page in pages:
        size = tuple(round(side * MM) for side in (page.rect.width, page.rect.height))
        assert size in (A4, A4[::-1])
    kinds = [page.rect.width > page.rect.height for page in pages]
    assert kinds == sorted(kinds) and True in kinds and False in kinds


def test_margins(pages):
    lying = [page for page in pages if page.rect.width > page.rect.height]
    upright = [page for page in pages if page not in lying]
    for kind, (width, height) in ((upright, A4), (lying, A4[::-1])):
        every = [line for page in kind for line in body(page)]
        rules = [drawing["rect"] * MM for page in kind for drawing in page.get_drawings()]
        left = min(line.left for line in every)
        right = width - max(line.right for line in every)
        assert MARGINS["left"][0] - TOLERANCE <= left <= MARGINS["left"][1]
        assert MARGINS["right"][0] - TOLERANCE <= right <= MARGINS["right"][1] + TOLERANCE
        assert min(line.top for line in every) >= MARGINS["top"][0] - TOLERANCE
        assert max(line.bottom for line in every) <= height - MARGINS["bottom"][0] + TOLERANCE
        for rule in rules:
            assert (
                rule.x0 >= MARGINS["left"][0] - TOLERANCE
                and rule.x1 <= width - MARGINS["right"][0] + TOLERANCE
            )
            assert (
                rule.y0 >= MARGINS["top"][0] - TOLERANCE
                and rule.y1 <= height - MARGINS["bottom"][0] + TOLERANCE
            )


def test_numbers_stand_in_the_middle_of_the_top_margin_from_page_2(pages):
    for number, page in enumerate(pages, 1):
        above = [line for line in lines(page) if line.bottom <= MARGINS["top"][0]]
        if number == 1:
            assert not above
            continue
        (line,) = above
        assert line.text == str(number) and not line.bold and not line.italic
        assert NUMBER_SIZE[0] <= line.size <= NUMBER_SIZE[1]
        left, right = (30, page.rect.width * MM - (17 if page.rect.width < page.rect.height else 15))
        assert (line.left + line.right) / 2 == pytest.approx((left + right) / 2, abs=0.5)


@pytest.mark.parametrize("part", HEAD, ids=lambda part: part.text)
def test_head(pages, part):
    check(part, lines(pages[0]))


@pytest.mark.parametrize("part", END, ids=lambda part: part.text)
def test_end(pages, part):
    (page,) = [page for page in pages if "Nơi nhận:" in page.get_text()]
    check(part, lines(page))


def check(part: Part, every: list[Line]) -> None:
    line = next(candidate for candidate in every if part.text in candidate.text)
    assert part.size[0] <= line.size <= part.size[1], part.name
    assert (line.bold, line.italic) == (part.bold, part.italic), part.name
    middle = (line.left + line.right) / 2
    third = {"left": middle < 105, "right": middle > 115, "middle": abs(middle - 111.5) < 1.5}
    assert third[part.half], part.name


def test_the_head_does_not_wrap_and_its_two_sides_stand_in_line(pages):
    every = {line.text: line for line in lines(pages[0])}

    def find(words: str):
        return next(line for text, line in every.items() if words in text)

    state, motto = find("CỘNG HÒA"), find("Độc lập")
    issuer = find("ỦY BAN NHÂN DÂN")
    assert abs(state.top - issuer.top) < 1.5
    assert find("Số:").top == pytest.approx(find("Thanh Liêm, ngày").top, abs=1.5)
    # Both columns are centred, and as far apart as the page allows.
    assert (state.left + state.right) / 2 == pytest.approx((motto.left + motto.right) / 2, abs=0.5)
    assert issuer.right < state.left


def test_lines_under_motto_and_issuer(pages):
    every = lines(pages[0])
    motto = next(line for line in every if "Độc lập" in line.text)
    issuer = next(line for line in every if "HUYỆN THANH LIÊM" in line.text)
    rules = [drawing["rect"] * MM for drawing in pages[0].get_drawings()]

    def under(line: Line) -> float:
        return next(
            rule.width
            for rule in rules
            if -1 < rule.y1 - line.bottom < 3 and line.left - 1 < rule.x0 and rule.x1 < line.right + 1
        )

    assert under(motto) == pytest.approx(motto.right - motto.left, abs=1)
    assert 1 / 3 <= under(issuer) / (issuer.right - issuer.left) <= 0.62


def test_text_is_13_to_14_points_justified_and_indented(pages):
    sizes: list[float] = []
    for page in pages:
        if page.rect.width > page.rect.height:
            continue
        text = [line for line in body(page) if line.size >= 13 and not line.bold]
        sizes += [line.size for line in text]
        for line, after in pairwise(text):
            # All lines of a paragraph but its last one fill the width.
            if after.left == pytest.approx(30, abs=0.1) and 0 < after.top - line.top < 7.5:
                assert line.right == pytest.approx(193, abs=0.6), line.text
        first = [line for line in text if 40 <= line.left <= 42.8 and line.right > 185]
        assert not [line for line in first if not 10 <= line.left - 30 <= 12.8]
    assert len(sizes) > 60 and 13 <= min(sizes) <= max(sizes) <= 14


def test_paragraphs_are_at_least_6_points_apart(pages):
    for before, after in pairwise([line for line in lines(pages[0]) if line.size == 14 and line.top > 80]):
        if after.left > 35:
            plain = 14 * 1.32 * MM
            assert after.top - before.top >= plain + 6 * MM - 0.3


def test_recipients_and_signature_stand_on_one_page_with_words_before_them(review):
    """Whatever the length of the text."""
    section = review.sections.last()
    for number in range(0, 16, 3):
        words = "\n\n".join(
            "Đề nghị Ủy ban nhân dân tỉnh tiếp tục hướng dẫn việc thực hiện." for _ in range(number)
        )
        actions.edit_draft(review, by=None, at=NOW, bodies={section.pk: (section.heading, words)})
        review.refresh_from_db()
        drawn = pymupdf.open(stream=attached(document.build_document(review, demo=True), at=NOW))
        (page,) = [page for page in drawn if "Nơi nhận:" in page.get_text()]
        texts = [line.text for line in lines(page)]
        assert "PHÓ CHỦ TỊCH" in " ".join(texts)
        assert any("Lưu: VT" in line for line in texts)
        before = [line for line in body(page) if line.size == 14 and not line.bold]
        assert before, f"no text above the signature after {number} paragraphs"


# Tables


def test_heads_repeat_and_no_row_is_split(pages):
    lying = [page for page in pages if page.rect.width > page.rect.height]
    begins = next(place for place, page in enumerate(lying) if "Phụ lục II" in page.get_text().split("\n"))
    units, form = lying[:begins], lying[begins:]
    assert len(units) > 1 and form
    for part, words in ((units, ("Đơn vị", "Trực", "Bưu")), (form, ("Lĩnh vực", "Từ kỳ", "(13)"))):
        for page in part:
            assert all(word in " ".join(page.get_text().split()) for word in words)
    for page in lying:
        for table in page.find_tables().tables:
            assert all(row.bbox[3] * MM <= 210 - 20 + TOLERANCE for row in table.rows)


def test_a_row_and_the_heading_of_a_group_stay_with_what_follows(content):
    from io import BytesIO

    from pypdf import PdfReader

    from tests.reports.pdf.test_review_pdf import structure

    tree = PdfReader(BytesIO(content)).trailer["/Root"]["/StructTreeRoot"]
    tables = [element for element in structure(tree) if element["/S"] == "/Table"]
    for table in tables:
        rows = [element for element in structure(table) if element["/S"] == "/TR"]
        for row in rows:
            assert len({cell.raw_get("/Pg").idnum for cell in structure(row)}) == 1, "a row on two pages"


def test_form_06a_is_an_annex_that_lies(pages):
    page = next(page for page in pages if "II.06a/VPCP/KSTT" in page.get_text())
    assert page.rect.width > page.rect.height
    every = lines(page)
    number = next(line for line in every if "II.06a" in line.text)
    title = next(line for line in every if "TÌNH HÌNH, KẾT QUẢ" in line.text)
    reporting = next(line for line in every if "Đơn vị báo cáo" in line.text)
    unit = next(line for line in every if "Đơn vị tính: số hồ sơ TTHC" in line.text)
    assert number.right < title.left < title.right < reporting.left and title.bold and unit.italic
    assert unit.right > 275
    columns = [line.text for line in every if line.text.startswith("(") and line.text.endswith(")")]
    assert [f"({place})" for place in range(1, 14)] == [
        column for column in columns if column[1:-1].isdigit()
    ]
