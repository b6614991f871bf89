"""The files that travel in a frozen PDF: the whole document as JSON, and its figures as CSV for a spreadsheet."""

from datetime import datetime
from typing import Any

from figures.summary import Summary, canonical
from figures.writing import tier_name
from reports.outlets.csvfile import csv_bytes
from reports.outlets.entries import Entry
from reports.outlets.flat import flat

DATA_NAME = "so-lieu.json"
UNITS_NAME, FIELDS_NAME = "so-lieu-theo-don-vi.csv", "so-lieu-theo-linh-vuc-{}.csv"


def files(doc: dict[str, Any], moment: datetime | None) -> list[dict[str, Any]]:
    """What the renderer attaches: name, description, content as text, moment (ISO), and how it relates to the pages:
    the JSON is what they were drawn from, the CSV files are the figures in another form.
    """
    units = Summary.from_dict(doc["figures"])
    told = [
        (DATA_NAME, "Số liệu và lời văn của báo cáo", canonical(doc).decode("utf-8"), "Source"),
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
        Entry(row, "", "", tier_name(tiers[row.key]) if tiers.get(row.key) else "", "")
        for row in summary.rows
    ]
    # The day of making stands in no row of a CSV.
    made_at = moment or datetime.combine(summary.period.end, datetime.min.time())
    return csv_bytes(flat(summary, entries, asked="", made_at=made_at)).decode("utf-8")
