"""P13: the PDF of a review, beside WeasyPrint drawing the same HTML."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import weasyprint
from django.conf import settings
from django.template.loader import render_to_string
from weasyprint.text.fonts import FontConfiguration

from reports.models import Review
from reports.outlets import copies, pdf, printed
from reports.queries import document

from .databases import use
from .measuring import Act, Result, versus

AT = datetime(2026, 1, 20, tzinfo=UTC)


def rows(connection: Any) -> Iterator[Result]:
    """The review of the demo, from the database to the bytes; and the draft asked for again, unchanged."""
    with use(connection):
        review = Review.objects.first()
        alone = _alone(printed.view(document.build(review, demo=True)))
        pages = len(weasyprint.HTML(string=_html(review)).render().pages)

        def anew() -> bytes:
            return pdf.draw(printed.view(document.build(review, demo=True)), moment=AT)

        def again() -> bytes:
            return copies.draft(review, demo=True)

        scale = f"demo review, about {pages} pages"
        times = versus(anew, alone, times=5)
        yield Result("P13 review PDF drawn anew ÷ WeasyPrint alone", scale, *times, goal=1.15)
        times = versus(again, alone, times=5)
        yield Result("P13 review PDF asked for again ÷ WeasyPrint alone", scale, *times, goal=0.1)


def _html(review: Review) -> str:
    return render_to_string(
        "print/review.html", printed.view(document.build(review, demo=True)) | {"moment": AT}
    )


def _alone(context: dict[str, Any]) -> Act:
    """The same HTML, style and fonts, tagged as ours is; everything made before the clock starts."""
    html = render_to_string("print/review.html", context | {"moment": AT})
    style = render_to_string("print/review.css", {"fonts": Path(settings.PRINT_FONTS).as_uri()})

    def draw() -> bytes:
        fonts = FontConfiguration()
        sheet = weasyprint.CSS(string=style, font_config=fonts)
        return weasyprint.HTML(string=html).write_pdf(
            stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1"
        )

    return draw
