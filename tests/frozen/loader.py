"""What was stored of frozen reviews, put into a database as it stood, and what each outlet answers of it, as text."""

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
    """The folders of all reviews that are kept, of every version."""
    return [version / name for version in sorted(HERE.glob("[0-9]*")) for name in NAMES]


@transaction.atomic
def load(folder: Path, change: Change | None = None) -> Review:
    """The review in the database as it was stored; `change` bends its document first, as if other code had made it."""
    told = json.loads((folder / "stored.json").read_text("utf-8"))
    doc = json.loads((folder / "document.json").read_text("utf-8"))
    row, number = told["review"], doc["review"]["number"]
    assert document.document_sha256(doc) == row["frozen_sha256"]
    if change is not None:
        change(doc)
        row |= {"frozen_sha256": document.document_sha256(doc)}
    unit = Unit.objects.filter(code=told["unit"]).order_by("active_from").last()
    review = Review.objects.create(pk=number, unit=unit, frozen=doc, **row)
    for kind, rows in ((ReviewSection, "sections"), (PlanTask, "tasks"), (Meeting, "meeting")):
        kind.objects.bulk_create(kind(review=review, **one) for one in told[rows])
    drawn = (folder / "form.json").read_text("utf-8")
    form = {"code": doc["verify"]["code"], "drawn": drawn, "sha256": doc["template_sha256"]}
    FrozenForm.objects.create(review=review, **form)
    stored = default_storage.save(row["pdf_name"], ContentFile((folder / "review.pdf").read_bytes()))
    assert stored == row["pdf_name"]
    for one in told["log"]:
        log.append(one["action"], by=None, subject=f"review:{number}", detail=one["detail"])
    return Review.objects.get(pk=number)


def answers(client: Client, review: Review) -> Iterator[tuple[str, str]]:
    """What the outlets tell of a review that draw no PDF: a name and a text for each."""
    at = f"/reports/reviews/{review.pk}"
    yield "page", within(ARTICLE, got(client, f"{at}/"))
    yield "projection", within(BODY, got(client, f"{at}/projection/"))
    yield (
        "print",
        within(
            BODY,
            render_to_string(
                "reports/printing/review.html", print_view.print_context(document.read(review.frozen))
            ),
        ),
    )
    yield "docx", words(got(client, f"{at}.docx"))
    yield "xlsx", cells(got(client, f"{at}.xlsx"))
    yield "txt", got(client, f"{at}.txt").decode()
    if Meeting.objects.filter(review=review).exists():
        yield "notice", words(got(client, f"{at}/notice.docx"))
    yield "verify", within(MAIN, got(client, f"/verify/?code={review.form.code}"))
    told = json.loads(got(client, f"/api/v1/reviews/{review.pk}"))
    assert told.pop("frozen") == review.frozen
    yield "api", json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)


def differences(client: Client, old: Review, new: Review) -> Iterator[tuple[str, str]]:
    """What differs between two reviews, as page and as file."""
    at, asked = f"/reports/reviews/{new.pk}/difference", f"?with={old.pk}"
    yield f"difference-{old.pk}", within(MAIN, got(client, f"{at}/{asked}"))
    yield f"difference-{old.pk}-csv", got(client, f"{at}.csv{asked}").decode("utf-8-sig")


def verified(path: Path) -> str:
    """What `verify_review` says of a file, which draws it again from its form."""
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_review", str(path), stdout=out, stderr=err)
    except CommandError as refused:
        err.write(str(refused))
    return out.getvalue() + err.getvalue()


def got(client: Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content


class _Text(HTMLParser):
    """The words within an element, a line for each piece of text."""

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
    """What an element says; how its markup is written does not matter."""
    text = _Text(tag)
    text.feed(html if isinstance(html, str) else html.decode())
    return "\n".join(line for one in text.lines if (line := " ".join(one.split())))


def words(content: bytes) -> str:
    """The paragraphs of a DOCX."""
    with ZipFile(BytesIO(content)) as file:
        body = file.read("word/document.xml").decode()
    paragraphs = re.split(r"</w:p>", body)
    return "\n".join(
        line for paragraph in paragraphs if (line := " ".join(re.sub(r"<[^>]+>", "", paragraph).split()))
    )


def cells(content: bytes) -> str:
    """The cells of an XLSX that hold anything, with their formulas."""
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
    """All places of a document that hold figures of a tier, row or total."""
    if isinstance(data, dict):
        if "counts" in data and "rates" in data:
            yield data
        for one in data.values():
            yield from every_figures(one)
    elif isinstance(data, list):
        for one in data:
            yield from every_figures(one)
