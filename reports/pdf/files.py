"""A review as PDF with its data attached: draw it, draw it again from its kept form, read the data back."""

import json
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from figures.formatting import tier_name
from figures.summary import Summary, canonical_json
from reports.tables.columns import TableEntry, flat_table
from reports.tables.files import table_csv_bytes

from . import drawing
from .drawing import ProgressCallback
from .typesetting import drop_indentation, printable

DATA_NAME = "so-lieu.json"
UNITS_NAME, FIELDS_NAME = "so-lieu-theo-don-vi.csv", "so-lieu-theo-linh-vuc-{}.csv"


def attachments(doc: dict[str, Any], moment: datetime | None) -> list[dict[str, Any]]:
    """What the renderer attaches: name, description, content as text, moment (ISO), and how it relates to the pages:
    the JSON is what they were drawn from, the CSV files are the figures in another form.
    """
    units = Summary.from_dict(doc["figures"])
    told = [
        (DATA_NAME, "Số liệu và lời văn của báo cáo", canonical_json(doc).decode("utf-8"), "Source"),
        (UNITS_NAME, "Số liệu theo đơn vị", _csv(units, doc["unit_tiers"], moment), "Data"),
    ]
    for part in doc["by_field"]:
        fields, tier = Summary.from_dict(part["figures"]), tier_name(part["tier"])
        name = FIELDS_NAME.format(part["tier"])
        told.append((name, f"Số liệu theo lĩnh vực, {tier.lower()}", _csv(fields, {}, moment), "Data"))
    return [
        {
            "name": name,
            "description": description,
            "content": content,
            "relationship": relationship,
            "moment": moment.isoformat() if moment else None,
        }
        for name, description, content, relationship in told
    ]


def _csv(summary: Summary, tiers: dict[str, str], moment: datetime | None) -> str:
    """The rows of a Summary and their total, with the columns of every CSV export."""
    entries = [
        TableEntry(row, "", "", tier_name(tiers[row.key]) if tiers.get(row.key) else "", "")
        for row in summary.rows
    ]
    # The day of making stands in no row of a CSV.
    made_at = moment or datetime.combine(summary.period.end, datetime.min.time())
    return table_csv_bytes(flat_table(summary, entries, asked="", made_at=made_at)).decode("utf-8")


# What comes from people is escaped text; on top of that the renderer may read the four print fonts and nothing
# else, so no text can make it read a file or open a connection (acceptance S29). Bytes are the same for the
# same document with the same libraries: dates are the document's own.

# Stands in a kept form for the folder of the print fonts, which is another one on another machine.
FONTS = "print-fonts:"


def draw_pdf(
    context: dict,
    *,
    data: dict | None = None,
    moment: datetime | None = None,
    following: ProgressCallback | None = None,
) -> bytes:
    """The PDF of a review: `context` for templates/reports/printing/review.html; `data`, the document when given, is
    attached as JSON, its figures also as CSV.

    `moment` dates the document and what is attached, so that drawing the same frozen review twice gives the same bytes.
    Raises Busy when other drawings take too long, TooLong when this one breaks its limits (both are NotDrawn); with
    somebody `following` only what they raise ends the waiting.
    """
    return drawing.draw_job(_job(context, data, moment), following)


def page_source(
    context: dict, moment: datetime | None = None, template: str = "reports/printing/review.html"
) -> dict[str, Any]:
    """All that decides what the pages show, as plain data without a path of this machine: what is kept of a frozen
    review, so that it can be drawn again when today's templates are others.
    """
    return {
        "html": printable(drop_indentation(render_to_string(template, context | {"moment": moment}))),
        "css": render_to_string("reports/printing/review.css", {"fonts": FONTS}),
    }


def redraw_pdf(kept: dict[str, Any], following: ProgressCallback | None = None) -> bytes:
    """The pages of a kept form, without what is attached. Raises as draw does."""
    return drawing.draw_job(_job_of(kept, None, None), following)


def _job(context: dict, data: dict | None, moment: datetime | None) -> dict[str, Any]:
    return _job_of(page_source(context, moment), data, moment)


def _job_of(kept: dict[str, Any], data: dict | None, moment: datetime | None) -> dict[str, Any]:
    """What the child needs, as JSON: it has no Django and reads no template."""
    fonts = Path(settings.PRINT_FONTS)
    return kept | {
        "css": kept["css"].replace(FONTS, fonts.as_uri()),
        "fonts": str(fonts),
        "attached": attachments(data, moment) if data is not None else [],
    }


def pdf_text(content: bytes) -> str:
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
