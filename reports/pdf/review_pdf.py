"""Draws a review as PDF with its data attached, redraws it from its stored page source, and reads the data back."""

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
from .line_breaks import drop_indentation, printable

DATA_NAME = "so-lieu.json"
UNITS_NAME, FIELDS_NAME = "so-lieu-theo-don-vi.csv", "so-lieu-theo-linh-vuc-{}.csv"


def attachments(doc: dict[str, Any], moment: datetime | None) -> list[dict[str, Any]]:
    """The files to attach: name, description, content as text, moment (ISO) and relationship: the JSON is the source of
    the pages, the CSV files are its figures as data.
    """
    units = Summary.from_dict(doc["figures"])
    files = [
        (DATA_NAME, "Số liệu và lời văn của báo cáo", canonical_json(doc).decode("utf-8"), "Source"),
        (UNITS_NAME, "Số liệu theo đơn vị", _csv(units, doc["unit_tiers"], moment), "Data"),
    ]
    for part in doc["by_field"]:
        fields, tier = Summary.from_dict(part["figures"]), tier_name(part["tier"])
        name = FIELDS_NAME.format(part["tier"])
        files.append((name, f"Số liệu theo lĩnh vực, {tier.lower()}", _csv(fields, {}, moment), "Data"))
    return [
        {
            "name": name,
            "description": description,
            "content": content,
            "relationship": relationship,
            "moment": moment.isoformat() if moment else None,
        }
        for name, description, content, relationship in files
    ]


def _csv(summary: Summary, tiers: dict[str, str], moment: datetime | None) -> str:
    """The rows of a Summary and their total, with the columns of every CSV export."""
    entries = [
        TableEntry(row, "", "", tier_name(tiers[row.key]) if tiers.get(row.key) else "", "")
        for row in summary.rows
    ]
    # CSV rows do not contain it.
    made_at = moment or datetime.combine(summary.period.end, datetime.min.time())
    return table_csv_bytes(flat_table(summary, entries, filters="", made_at=made_at)).decode("utf-8")


# Texts of people are escaped, and the renderer may read only the four print fonts: no text can make it read a file or
# open a connection (acceptance S29). The same document and libraries give the same bytes.

# Placeholder in a page source for the folder of the print fonts on this machine.
FONTS = "print-fonts:"


def draw_pdf(
    context: dict,
    *,
    data: dict | None = None,
    moment: datetime | None = None,
    following: ProgressCallback | None = None,
) -> bytes:
    """The PDF of a review: `context` for templates/reports/printing/review.html; `data`, the document if given, is
    attached as JSON, its figures also as CSV.

    `moment` dates the document and its attachments, so that drawing the same frozen review twice gives the same bytes.
    Raises as `draw_job` does.
    """
    return drawing.draw_job(_job(context, data, moment), following)


def page_source(
    context: dict, moment: datetime | None = None, template: str = "reports/printing/review.html"
) -> dict[str, Any]:
    """The HTML and CSS of the pages, without paths of this machine. Stored with a frozen review, so that it can be
    redrawn after templates have changed.
    """
    return {
        "html": printable(drop_indentation(render_to_string(template, context | {"moment": moment}))),
        "css": render_to_string("reports/printing/review.css", {"fonts": FONTS}),
    }


def redraw_pdf(source: dict[str, Any], following: ProgressCallback | None = None) -> bytes:
    """Redraws a stored page source without attachments. Raises as `draw_job` does."""
    return drawing.draw_job(_job_of(source, None, None), following)


def _job(context: dict, data: dict | None, moment: datetime | None) -> dict[str, Any]:
    return _job_of(page_source(context, moment), data, moment)


def _job_of(source: dict[str, Any], data: dict | None, moment: datetime | None) -> dict[str, Any]:
    """The renderer's job as JSON: it has no Django and reads no templates."""
    fonts = Path(settings.PRINT_FONTS)
    return source | {
        "css": source["css"].replace(FONTS, fonts.as_uri()),
        "fonts": str(fonts),
        "attached": attachments(data, moment) if data is not None else [],
    }


def pdf_text(content: bytes) -> str:
    """The text of all pages of a PDF drawn by this system. Foreign files are read by `foreign`."""
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def read_attached(content: bytes) -> dict | None:
    """The data embedded in a review's PDF, or None if there is none or it cannot be read."""
    if not content.startswith(b"%PDF-"):
        return None
    try:
        data_files = PdfReader(BytesIO(content)).attachments.get(DATA_NAME)
        return json.loads(data_files[0]) if data_files else None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
