"""Drawing a review as PDF. The only module that imports WeasyPrint.

What comes from people is escaped text; on top of that the fetcher serves the four print fonts and nothing else, so no
text can make the renderer read a file or open a connection (acceptance S29). Bytes are the same for the same document
with the same libraries: dates are the document's own.
"""

import json
from datetime import datetime
from io import BytesIO
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.template.loader import render_to_string
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from figures.summary import canonical

DATA_NAME = "so-lieu.json"
# One at a time: a long document takes hundreds of megabytes (acceptance R15).
_drawing = Lock()


class FontsOnly(URLFetcher):
    """Serves files of the print fonts by their exact address; anything else is refused."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=["file"])
        self.allowed = {path.as_uri() for path in settings.PRINT_FONTS.glob("*.ttf")}

    def fetch(self, url, headers=None):
        if url not in self.allowed:
            raise ValueError("Địa chỉ không được phép trong bản in.")
        return super().fetch(url, headers)


def draw(context: dict, *, data: dict | None = None, moment: datetime | None = None) -> bytes:
    """The PDF of a review: `context` for templates/print/review.html; `data`, when given, is attached as JSON.

    `moment` dates the document and its attachment, so that drawing the same frozen review twice gives the same bytes.
    """
    html = render_to_string("print/review.html", context | {"moment": moment})
    style = render_to_string("print/review.css", {"fonts": Path(settings.PRINT_FONTS).as_uri()})
    fonts, fetcher = FontConfiguration(), FontsOnly()
    attachments = []
    if data is not None:
        attachments.append(
            Attachment(
                string=canonical(data),
                name=DATA_NAME,
                description="Số liệu của báo cáo",
                created=moment,
                modified=moment,
                relationship="Data",
            )
        )
    with _drawing:
        return HTML(string=html, url_fetcher=fetcher, base_url=None).write_pdf(
            stylesheets=[CSS(string=style, font_config=fonts, url_fetcher=fetcher)],
            font_config=fonts,
            pdf_variant="pdf/ua-1",
            attachments=attachments,
        )


def read_attached(content: bytes) -> dict | None:
    """The data embedded in a review's PDF, or None where there is none or it cannot be read."""
    if not content.startswith(b"%PDF-"):
        return None
    try:
        found = PdfReader(BytesIO(content)).attachments.get(DATA_NAME)
        return json.loads(found[0]) if found else None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
