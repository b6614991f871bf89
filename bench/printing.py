"""P13 and P14: the PDF of a review beside WeasyPrint and LibreOffice, and what its pages cost."""

import copy
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import weasyprint
from django.conf import settings
from pypdf import PdfReader
from weasyprint.text.fonts import FontConfiguration

from figures.periods import Period
from records.generate import country
from reports import document
from reports.docx.files import docx_bytes
from reports.drafting import actions
from reports.drafting.queries import sections_for_review
from reports.models import Review
from reports.pdf import drawing
from reports.pdf.files import FONTS, _job, draw_pdf, page_source
from reports.printing import copies, print_view
from units.models import Unit

from . import databases
from .databases import use
from .measurement import Act, Result, timed, versus

AT = datetime(2026, 1, 20, tzinfo=UTC)
MEMORY, TIME = 1024.0, 120.0  # MB and seconds that a drawing may take (acceptance R15)
PROVINCE = country.CountryScale("a province of 500 communes", 24, groups=1, leaves=500)
WORDS = (
    "Công tác kiểm tra, tuyên truyền được thực hiện theo kế hoạch; thông tin về cải cách hành chính được cập nhật "
    "trên Cổng thông tin điện tử và hệ thống truyền thanh cơ sở. "
) * 4


def rows(connection: Any) -> Iterator[Result]:
    """P13: the demo's review, filled up to 12 pages, from its document to the bytes; a draft asked for again."""
    with use(connection):
        review = Review.objects.order_by("pk").first()
        doc = filled(document.build_document(review, demo=True), 12)
        alone = _alone(print_view.print_context(doc))

        def anew() -> bytes:
            return draw_pdf(print_view.print_context(doc), moment=AT)

        def again() -> bytes:
            return copies.draft_pdf(review, demo=True)

        scale = f"review of {_pages(anew())} pages"
        yield Result(
            "P13 review PDF drawn anew ÷ WeasyPrint alone", scale, *versus(anew, alone, times=5), goal=1.15
        )
        with _office(doc) as converted:
            times = versus(again, converted, times=5)
            name = "P13 review PDF asked for again ÷ LibreOffice converting its DOCX"
            yield Result(name, scale, *times, goal=0.1)


def page_rows(connection: Any) -> Iterator[Result]:
    """P14: 12, 70 and 200 pages of words and tables alike, by turns."""
    with use(connection):
        base = document.build_document(Review.objects.order_by("pk").first(), demo=True)
    docs = {pages: filled(many(base, 28 * pages // 12), pages) for pages in (12, 70, 200)}
    acts = {
        pages: lambda doc=doc: draw_pdf(print_view.print_context(doc), moment=AT, following=lambda n: None)
        for pages, doc in docs.items()
    }
    short = _pages(acts[12]())
    for pages in (70, 200):
        drawn = _pages(acts[pages]())
        long, reference = versus(acts[pages], acts[12], times=3, warm=0)
        name = f"P14 cost of a page, {pages} ÷ 12 pages"
        yield Result(name, f"{drawn} and {short} pages", long / drawn, reference / short, goal=1.2)
    seconds, megabytes, _ = _measured(print_view.print_context(docs[200]), None)
    yield Result(
        "P14 memory of the drawing child ÷ limit", f"200 pages, {seconds:.0f} s", megabytes, MEMORY, "MB", 1.0
    )


def province_rows() -> Iterator[Result]:
    """P14: the review of 500 units as it is frozen, from the database to the bytes."""
    connection = databases.create("province")
    with use(connection):
        unit = Unit.objects.get(parent=country.fill_country(PROVINCE), has_children=True)
        period = Period.parse("2025-H2")
        sections = sections_for_review(unit, period)
        review = actions.open_draft(unit, period, by=None, at=AT, sections=sections)
        built: dict[str, Any] = {}
        seconds = timed(lambda: built.update(document.build_document(review, demo=False)))
        context = print_view.print_context(filled(built, 70))
        drawing, megabytes, content = _measured(context, built)
    scale = f"500 units, {_pages(content)} pages"
    yield Result("P14 review of 500 units: time ÷ limit", scale, seconds + drawing, TIME, "s", 1.0)
    yield Result("P14 review of 500 units: memory of the child ÷ limit", scale, megabytes, MEMORY, "MB", 1.0)
    size = len(content) / 1e6
    yield Result("P14 review of 500 units: file ÷ 5 MB", scale, size, 5.0, "MB")


def many(doc: dict[str, Any], units: int) -> dict[str, Any]:
    """A document with so many communes, made from those that it has."""
    doc = copy.deepcopy(doc)
    own = [row for row in doc["figures"]["rows"] if doc["unit_tiers"][row["key"]] == "commune"]
    made = [own[place % len(own)] | {"key": f"X{place}", "name": f"xã số {place}"} for place in range(units)]
    doc["figures"]["rows"] = made
    doc["unit_tiers"] = {row["key"]: "commune" for row in made}
    return doc


def filled(doc: dict[str, Any], pages: int) -> dict[str, Any]:
    """A document with words for about so many pages."""
    doc = copy.deepcopy(doc)
    lacking = max(0, pages - print_view.expected_pages(doc))
    doc["sections"][1]["paragraphs"] += [[WORDS]] * round(lacking * 2_900 / len(WORDS))
    return doc


def _pages(content: bytes) -> int:
    return len(PdfReader(BytesIO(content)).pages)


def _measured(context: dict[str, Any], data: dict[str, Any] | None) -> tuple[float, float, bytes]:
    """Seconds, megabytes at the most and the PDF of one drawing in a child of its own."""
    job = json.dumps(_job(context, data, AT)).encode()
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as asked:
        asked.write(b"%d\n" % len(job) + job)
        asked.seek(0)
        child = subprocess.Popen(drawing.command(), stdin=asked, stdout=answer)
        used: list[Any] = []
        seconds = timed(lambda: used.extend(os.wait4(child.pid, 0)))
        answer.seek(0)
        lines = iter(answer.readline, b"")
        status, length = map(int, next(line for line in lines if not line.startswith(b"page")).split())
        if status:
            raise RuntimeError(f"the drawing ended with {status}")
        return seconds, used[2].ru_maxrss / 1024, answer.read(length)


def _alone(context: dict[str, Any]) -> Act:
    """The same HTML, style and fonts, tagged as ours is; everything made before the clock starts."""
    form = page_source(context, AT)
    style = form["css"].replace(FONTS, Path(settings.PRINT_FONTS).as_uri())

    def draw() -> bytes:
        fonts = FontConfiguration()
        sheet = weasyprint.CSS(string=style, font_config=fonts)
        return weasyprint.HTML(string=form["html"]).write_pdf(
            stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1"
        )

    return draw


class _office:
    """LibreOffice converting the DOCX of a document; its profile is made before the clock starts."""

    def __init__(self, doc: dict[str, Any]) -> None:
        self.doc = doc

    def __enter__(self) -> Act:
        self.folder = tempfile.TemporaryDirectory(prefix="cchc-office-")
        place = Path(self.folder.name)
        source = place / "review.docx"
        source.write_bytes(docx_bytes(print_view.print_context(self.doc), moment=AT, draft=False))
        command = ["soffice", f"-env:UserInstallation=file://{place}/profile", "--headless"]
        command += ["--convert-to", "pdf", "--outdir", str(place / "out"), str(source)]

        def convert() -> None:
            subprocess.run(command, check=True, capture_output=True)

        convert()
        return convert

    def __exit__(self, *fault: object) -> None:
        self.folder.cleanup()
