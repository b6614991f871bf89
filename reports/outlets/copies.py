"""The PDF of a review: the kept file of a frozen one, a new drawing of a draft."""

import hashlib
from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage

from reports.models import Review
from reports.queries import document

from . import pdf, printed

_KEPT_DRAWINGS = 8
_drawings: dict[str, bytes] = {}


class Lost(OSError):
    """The kept file of a frozen review cannot be read; the text says so in Vietnamese."""


def kept(review: Review) -> bytes:
    """The bytes of a frozen review's file, as they are in media. Raises Lost."""
    try:
        with default_storage.open(review.pdf_name) as file:
            return file.read()
    except OSError as error:
        raise Lost("Không đọc được tệp PDF đã chốt trong kho lưu.") from error


def draft(review: Review, *, demo: bool) -> bytes:
    """The PDF of a draft as the database stands now. Asked for again unchanged it is not drawn again."""
    doc = document.build(review, demo=demo)
    key = document.sha256(doc | {"log": None})
    if key not in _drawings:
        drawn = pdf.draw(printed.view(doc) | {"draft": True}, moment=review.created_at)
        while len(_drawings) >= _KEPT_DRAWINGS:
            _drawings.pop(next(iter(_drawings)), None)
        _drawings[key] = drawn
    return _drawings[key]


def final(review: Review, *, demo: bool, at: datetime) -> tuple[dict[str, Any], bytes]:
    """The document of a review as it stands now and the PDF to freeze with it, the data attached."""
    doc = document.build(review, demo=demo)
    return doc, pdf.draw(printed.view(doc), data=doc, moment=at)


def current(review: Review, *, demo: bool) -> bytes:
    """What a reader gets: the kept bytes of a frozen review, else the draft. Raises Lost."""
    return kept(review) if review.is_frozen else draft(review, demo=demo)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
