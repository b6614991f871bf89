"""Drawing a review as PDF, outside the process that asks for it, and reading the data back out of one."""

import json
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from reports.outlets.typesetting import printable

from . import helper
from .attached import DATA_NAME, files
from .helper import Busy, Following, NotDrawn, TooLong

__all__ = [
    "DATA_NAME",
    "Busy",
    "Following",
    "NotDrawn",
    "TooLong",
    "draw",
    "form",
    "read_attached",
    "redraw",
    "text",
]

# What comes from people is escaped text; on top of that the renderer may read the four print fonts and nothing
# else, so no text can make it read a file or open a connection (acceptance S29). Bytes are the same for the
# same document with the same libraries: dates are the document's own. `drawing` runs in a child and is the only
# module that imports WeasyPrint; `helper` starts that child and keeps it within its limits.

# Stands in a kept form for the folder of the print fonts, which is another one on another machine.
FONTS = "print-fonts:"


def draw(
    context: dict,
    *,
    data: dict | None = None,
    moment: datetime | None = None,
    following: Following | None = None,
) -> bytes:
    """The PDF of a review: `context` for templates/print/review.html; `data`, the document when given, is attached as
    JSON, its figures also as CSV.

    `moment` dates the document and what is attached, so that drawing the same frozen review twice gives the same bytes.
    Raises Busy when other drawings take too long, TooLong when this one breaks its limits (both are NotDrawn); with
    somebody `following` only what they raise ends the waiting.
    """
    return helper.drawn(_job(context, data, moment), following)


def form(
    context: dict, moment: datetime | None = None, template: str = "print/review.html"
) -> dict[str, Any]:
    """All that decides what the pages show, as plain data without a path of this machine: what is kept of a frozen
    review, so that it can be drawn again when today's templates are others.
    """
    return {
        "html": printable(render_to_string(template, context | {"moment": moment})),
        "css": render_to_string("print/review.css", {"fonts": FONTS}),
    }


def redraw(kept: dict[str, Any], following: Following | None = None) -> bytes:
    """The pages of a kept form, without what is attached. Raises as draw does."""
    return helper.drawn(_job_of(kept, None, None), following)


def _job(context: dict, data: dict | None, moment: datetime | None) -> dict[str, Any]:
    return _job_of(form(context, moment), data, moment)


def _job_of(kept: dict[str, Any], data: dict | None, moment: datetime | None) -> dict[str, Any]:
    """What the child needs, as JSON: it has no Django and reads no template."""
    fonts = Path(settings.PRINT_FONTS)
    return kept | {
        "css": kept["css"].replace(FONTS, fonts.as_uri()),
        "fonts": str(fonts),
        "attached": files(data, moment) if data is not None else [],
    }


def text(content: bytes) -> str:
    """The text of a PDF that this system drew, pages one after the other. A foreign file is read by `reading`."""
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def read_attached(content: bytes) -> dict | None:
    """The data embedded in a review's PDF, or None where there is none or it cannot be read."""
    if not content.startswith(b"%PDF-"):
        return None
    try:
        found = PdfReader(BytesIO(content)).attachments.get(DATA_NAME)
        return json.loads(found[0]) if found else None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
