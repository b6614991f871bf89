"""Loads stored frozen reviews into a database and returns each outlet's output as text."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client

from ledger import log
from reports import document
from reports.models import FrozenForm, Meeting, PlanTask, Review, ReviewSection
from reports.printing import print_view
from units.models import Unit

HERE = Path(__file__).parent
Change = Callable[[dict[str, Any]], None]
# In the order in which they were frozen: a review may replace an earlier one.
NAMES = ("half-year", "quarter", "quarter-replaced", "merged-2025")
PAIRS = (("half-year", "merged-2025"), ("quarter", "quarter-replaced"))
ARTICLE, MAIN, BODY = "article", "main", "body"


def folders() -> list[Path]:
    """The folders of all stored reviews, of every version."""
    return [version / name for version in sorted(HERE.glob("[0-9]*")) for name in NAMES]


@transaction.atomic
def load(folder: Path, change: Change | None = None) -> Review:
    """Creates the review as it was stored; `change` edits its document first, as if another version had written it."""
    data = json.loads((folder / "stored.json").read_text("utf-8"))
    doc = json.loads((folder / "document.json").read_text("utf-8"))
    row, number = data["review"], doc["review"]["number"]
    assert document.document_sha256(doc) == row["frozen_sha256"]
    if change is not None:
        change(doc)
        row |= {"frozen_sha256": document.document_sha256(doc)}
    unit = Unit.objects.filter(code=data["unit"]).order_by("active_from").last()
    review = Review.objects.create(pk=number, unit=unit, frozen=doc, **row)
    for kind, rows in ((ReviewSection, "sections"), (PlanTask, "tasks"), (Meeting, "meeting")):
        kind.objects.bulk_create(kind(review=review, **fields) for fields in data[rows])
    drawn = (folder / "form.json").read_text("utf-8")
    form = {"code": doc["verify"]["code"], "drawn": drawn, "sha256": doc["template_sha256"]}
    FrozenForm.objects.create(review=review, **form)
    stored = default_storage.save(row["pdf_name"], ContentFile((folder / "review.pdf").read_bytes()))
    assert stored == row["pdf_name"]
    for entry in data["log"]:
        log.append(entry["action"], by=None, subject=f"review:{number}", detail=entry["detail"])
    return Review.objects.get(pk=number)


def answers(client: Client, review: Review) -> Iterator[tuple[str, str]]:
    """Name and text of each outlet that renders no PDF."""
    at = f"/reports/reviews/{review.pk}"
    yield "page", within(ARTICLE, get_content(client, f"{at}/"))
    yield "projection", within(BODY, get_content(client, f"{at}/projection/"))
    yield (
        "print",
        within(
            BODY,
            render_to_string(
                "reports/printing/review.html", print_view.print_context(document.read(review.frozen))
            ),
        ),
    )
    yield "docx", words(get_content(client, f"{at}.docx"))
    yield "xlsx", cells(get_content(client, f"{at}.xlsx"))
    yield "txt", get_content(client, f"{at}.txt").decode()
    if Meeting.objects.filter(review=review).exists():
        yield "notice", words(get_content(client, f"{at}/notice.docx"))
    yield "verify", within(MAIN, get_content(client, f"/verify/?code={review.form.code}"))
    api_data = json.loads(get_content(client, f"/api/v1/reviews/{review.pk}"))
    assert api_data.pop("frozen") == review.frozen
    yield "api", json.dumps(api_data, ensure_ascii=False, indent=1, sort_keys=True)


def differences(client: Client, old: Review, new: Review) -> Iterator[tuple[str, str]]:
    """The comparison of two reviews, as page and as CSV."""
    at, query = f"/reports/reviews/{new.pk}/difference", f"?with={old.pk}"
    yield f"difference-{old.pk}", within(MAIN, get_content(client, f"{at}/{query}"))
    yield f"difference-{old.pk}-csv", get_content(client, f"{at}.csv{query}").decode("utf-8-sig")


def verify_output(path: Path) -> str:
    """The output of `verify_review`, which renders the file again from its form."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_review", str(path), stdout=out, stderr=err)
    except CommandError as refused:
        err.write(str(refused))
    return out.getvalue() + err.getvalue()


def get_content(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content


class _Text(HTMLParser):
    """Collects the text inside an element, one line per text node."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self.tag, self.depth, self.mute, self.lines = tag, 0, 0, [""]

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.depth += tag == self.tag
        self.mute += tag in ("script", "style")
        self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == self.tag
        self.mute -= tag in ("script", "style")
        self.lines.append("")

    def handle_data(self, data: str) -> None:
        if self.depth and not self.mute:
            self.lines[-1] += data


def within(tag: str, html: bytes | str) -> str:
    """The text of an element without its markup."""
    text = _Text(tag)
    text.feed(html if isinstance(html, str) else html.decode())
    return "\n".join(line for raw in text.lines if (line := " ".join(raw.split())))


def words(content: bytes) -> str:
    """The paragraphs of a DOCX."""
    with ZipFile(BytesIO(content)) as file:
        body = file.read("word/document.xml").decode()
    paragraphs = re.split(r"</w:p>", body)
    return "\n".join(
        line for paragraph in paragraphs if (line := " ".join(re.sub(r"<[^>]+>", "", paragraph).split()))
    )


def cells(content: bytes) -> str:
    """The non-empty cells of an XLSX, with their formulas."""
    book = openpyxl.load_workbook(BytesIO(content))
    return "\n".join(
        f"{sheet.title}!{cell.coordinate} {_plain(cell.value)}"
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    )


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else " ".join(str(value).split())


def every_figures(data: Any) -> Iterator[dict[str, Any]]:
    """All dicts of a document that hold figures of a tier, row or total."""
    if isinstance(data, dict):
        if "counts" in data and "rates" in data:
            yield data
        for part in data.values():
            yield from every_figures(part)
    elif isinstance(data, list):
        for part in data:
            yield from every_figures(part)
