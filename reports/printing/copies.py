"""The PDF of a review: the stored file of a frozen one, a cached or new drawing of a draft."""

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.urls import reverse

from reports import document, review_access
from reports.models import Review
from reports.pdf import drawing
from reports.pdf.review_pdf import draw_pdf, page_source

from . import print_view

# Draft drawings cached under DATA_DIR; the least recently read are deleted first.
KEPT_DRAWINGS = 32

# Drafts of this many pages or more are drawn outside the request: it takes longer than people wait.
LONG = 25


class LongReview(Exception):
    """The draft is too long to be drawn within a request; `pages` is an estimate."""

    def __init__(self, pages: int) -> None:
        super().__init__(pages)
        self.pages = pages


class LostFile(OSError):
    """A stored file cannot be read; the message is in Vietnamese."""


def kept_pdf(review: Review) -> bytes:
    """The bytes of a frozen review's file in media. Raises LostFile."""
    return stored_file(review.pdf_name, "tệp PDF đã chốt")


def stored_file(name: str, what: str = "bản đã ký") -> bytes:
    """The bytes of a file in media. Raises LostFile."""
    try:
        with default_storage.open(name) as file:
            return file.read()
    except OSError as error:
        raise LostFile(f"Không đọc được {what} trong kho lưu.") from error


def draft_pdf(review: Review, *, demo: bool, following: drawing.ProgressCallback | None = None) -> bytes:
    """The PDF of the draft as it is now, cached for all workers until it changes. Raises PdfNotDrawn; LongReview if it
    must be drawn outside the request, with `following`.
    """
    doc = document.build_document(review, demo=demo)
    moment, path = review.created_at, _place(review, doc)
    try:
        content = path.read_bytes()
        os.utime(path)
    except FileNotFoundError:
        pages = print_view.expected_pages(doc)
        if pages >= LONG and not following:
            raise LongReview(pages) from None
        context = print_view.print_context(doc) | {"draft": True}
        content = draw_pdf(context, moment=moment, following=following)
        _keep(path, content)
    return content


def is_cached(review: Review, doc: dict[str, Any]) -> bool:
    """Whether the drawing of this document is cached."""
    return _place(review, doc).exists()


def _place(review: Review, doc: dict[str, Any]) -> Path:
    key = document.document_sha256([doc | {"log": None}, review.created_at.isoformat(), _form()])
    return settings.DATA_DIR / "cache" / "drafts" / f"{key}.pdf"


@dataclass(frozen=True)
class FrozenCopy:
    """What is stored when a review is frozen: the completed document, the page source and the PDF."""

    document: dict[str, Any]
    form: dict[str, Any]
    content: bytes


def draw_frozen_copy(
    doc: dict[str, Any],
    *,
    at: datetime,
    qr: bool = False,
    following: drawing.ProgressCallback | None = None,
) -> FrozenCopy:
    """Draws a document to be frozen. Adds the printed verification code and the SHA-256 of the page source to the
    document. Raises PdfNotDrawn.
    """
    address = f"{settings.BASE_URL}{reverse('verify')}"
    doc = doc | {"verify": {"code": review_access.new_code(), "address": address, "qr": qr}}
    context = print_view.print_context(doc)
    form = page_source(context, at)
    doc |= {"template_sha256": document.document_sha256(form)}
    return FrozenCopy(doc, form, draw_pdf(context, data=doc, moment=at, following=following))


def current_pdf(review: Review, *, demo: bool, following: drawing.ProgressCallback | None = None) -> bytes:
    """The stored bytes of a frozen review, else the draft. Raises LostFile and the errors of `draft_pdf`."""
    return kept_pdf(review) if review.is_frozen else draft_pdf(review, demo=demo, following=following)


def content_sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _form() -> str:
    """Digest of what else decides the bytes: templates and code of reports, and the renderer's version."""
    digest = hashlib.sha256(version("weasyprint").encode())
    sources = [
        *(settings.BASE_DIR / "templates" / "reports").rglob("*.*"),
        *(settings.BASE_DIR / "reports").rglob("*.py"),
    ]
    for path in sorted(sources):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _keep(path: Path, content: bytes) -> None:
    """Stores a drawing in the cache atomically; a full disk is ignored."""
    folder = path.parent
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = folder / f"{secrets.token_hex(8)}.part"
        try:
            unfinished.write_bytes(content)
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)
        newest = sorted(folder.glob("*.pdf"), key=lambda pdf: pdf.stat().st_mtime, reverse=True)
        for old in newest[KEPT_DRAWINGS:]:
            old.unlink(missing_ok=True)
