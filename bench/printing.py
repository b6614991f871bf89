"""P13 and P14: the PDF of a review compared with WeasyPrint and LibreOffice, and its cost per page."""

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
from reports.docx.review_docx import docx_bytes
from reports.drafting import actions
from reports.drafting.queries import sections_for_review
from reports.models import Review
from reports.pdf import drawing
from reports.pdf.review_pdf import FONTS, _job, draw_pdf, page_source
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
    """P13: the demo's review filled up to 12 pages, from document to PDF; a draft requested again."""
    with use(connection):
        review = Review.objects.order_by("pk").first()
        doc = with_pages(document.build_document(review, demo=True), 12)
        alone = _weasyprint_act(print_view.print_context(doc))

        def anew() -> bytes:
            return draw_pdf(print_view.print_context(doc), moment=AT)

        def again() -> bytes:
            return copies.draft_pdf(review, demo=True)

        scale = f"review of {_pages(anew())} pages"
        yield Result(
            "P13 review PDF drawn anew ÷ WeasyPrint alone", scale, *versus(anew, alone, times=5), goal=1.15
        )
        with _LibreOffice(doc) as converted:
            times = versus(again, converted, times=5)
            name = "P13 review PDF asked for again ÷ LibreOffice converting its DOCX"
            yield Result(name, scale, *times, goal=0.1)


def page_rows(connection: Any) -> Iterator[Result]:
    """P14: cost per page of 12, 70 and 200 pages."""
    with use(connection):
        base = document.build_document(Review.objects.order_by("pk").first(), demo=True)
    docs = {pages: with_pages(with_communes(base, 28 * pages // 12), pages) for pages in (12, 70, 200)}
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
    seconds, megabytes, _ = _draw_in_child(print_view.print_context(docs[200]), None)
    yield Result(
        "P14 memory of the drawing child ÷ limit", f"200 pages, {seconds:.0f} s", megabytes, MEMORY, "MB", 1.0
    )


def province_rows() -> Iterator[Result]:
    """P14: the review of 500 units as frozen, from the database to the PDF."""
    connection = databases.create("province")
    with use(connection):
        unit = Unit.objects.get(parent=country.fill_country(PROVINCE), has_children=True)
        period = Period.parse("2025-H2")
        sections = sections_for_review(unit, period)
        review = actions.open_draft(unit, period, by=None, at=AT, sections=sections)
        built: dict[str, Any] = {}
        seconds = timed(lambda: built.update(document.build_document(review, demo=False)))
        context = print_view.print_context(with_pages(built, 70))
        drawing, megabytes, content = _draw_in_child(context, built)
    scale = f"500 units, {_pages(content)} pages"
    yield Result("P14 review of 500 units: time ÷ limit", scale, seconds + drawing, TIME, "s", 1.0)
    yield Result("P14 review of 500 units: memory of the child ÷ limit", scale, megabytes, MEMORY, "MB", 1.0)
    size = len(content) / 1e6
    yield Result("P14 review of 500 units: file ÷ 5 MB", scale, size, 5.0, "MB")


def with_communes(doc: dict[str, Any], units: int) -> dict[str, Any]:
    """The document with `units` communes, copied from its own."""
    doc = copy.deepcopy(doc)
    communes = [row for row in doc["figures"]["rows"] if doc["unit_tiers"][row["key"]] == "commune"]
    rows = [
        communes[place % len(communes)] | {"key": f"X{place}", "name": f"xã số {place}"}
        for place in range(units)
    ]
    doc["figures"]["rows"] = rows
    doc["unit_tiers"] = {row["key"]: "commune" for row in rows}
    return doc


def with_pages(doc: dict[str, Any], pages: int) -> dict[str, Any]:
    """The document with text for about `pages` pages."""
    doc = copy.deepcopy(doc)
    missing = max(0, pages - print_view.expected_pages(doc))
    doc["sections"][1]["paragraphs"] += [[WORDS]] * round(missing * 2_900 / len(WORDS))
    return doc


def _pages(content: bytes) -> int:
    return len(PdfReader(BytesIO(content)).pages)


def _draw_in_child(context: dict[str, Any], data: dict[str, Any] | None) -> tuple[float, float, bytes]:
    """Seconds, peak megabytes and the PDF of one rendering in its own child process."""
    job = json.dumps(_job(context, data, AT)).encode()
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stdin:
        stdin.write(b"%d\n" % len(job) + job)
        stdin.seek(0)
        child = subprocess.Popen(drawing.command(), stdin=stdin, stdout=stdout)
        used: list[Any] = []
        seconds = timed(lambda: used.extend(os.wait4(child.pid, 0)))
        stdout.seek(0)
        lines = iter(stdout.readline, b"")
        status, length = map(int, next(line for line in lines if not line.startswith(b"page")).split())
        if status:
            raise RuntimeError(f"the drawing ended with {status}")
        return seconds, used[2].ru_maxrss / 1024, stdout.read(length)


def _weasyprint_act(context: dict[str, Any]) -> Act:
    """The same HTML, style and fonts, tagged like ours; prepared before the measurement."""
    form = page_source(context, AT)
    style = form["css"].replace(FONTS, Path(settings.PRINT_FONTS).as_uri())

    def draw() -> bytes:
        fonts = FontConfiguration()
        sheet = weasyprint.CSS(string=style, font_config=fonts)
        return weasyprint.HTML(string=form["html"]).write_pdf(
            stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1"
        )

    return draw


class _LibreOffice:
    """LibreOffice converting the DOCX; its profile is created before the measurement."""

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
