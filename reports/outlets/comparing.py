"""A signed file against the frozen review that it is said to be: by bytes, else by numbers, else not at all."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from reports.models import Review, SignedKind

from . import copies, signatures
from .pdf import foreign
from .pdf.foreign import Signature

# A number as reports write it, without its percent sign: 14.712 · 87,4 · 0,03.
_NUMBER = re.compile(
    r"(?<![\d.,])\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\d]|[.,]\d)|(?<![\d.,])\d+(?:,\d+)?(?![\d]|[.,]\d)"
)
# Fewer letters than this on all pages: a picture with a stamp on it, not a text that could be compared.
LEAST_TEXT = 200
_MOST_NAMED = 50


class Refused(ValueError):
    """A file that is not kept as the signed one; the text says why, in Vietnamese."""


@dataclass(frozen=True)
class Missing:
    """A frozen figure that the file holds in fewer places than the frozen PDF: `there` of `of`. `name` is empty for a
    figure that stands in a table only.
    """

    text: str
    there: int
    of: int
    name: str = ""


@dataclass(frozen=True)
class Compared:
    """What comparing found. `figures` are the different numbers that were looked for, `whole` whether all pages were
    read.
    """

    kind: SignedKind
    pages: int | None = None
    figures: int = 0
    missing: tuple[Missing, ...] = ()
    signatures: tuple[Signature, ...] = ()
    whole: bool = True
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """JSON data that is kept beside the file."""
        return {
            "pages": self.pages,
            "figures": self.figures,
            "missing": [vars(one) for one in self.missing[:_MOST_NAMED]],
            "missing_count": len(self.missing),
            "signatures": [one.as_dict() for one in self.signatures],
            "whole": self.whole,
            "notes": list(self.notes),
        }


def compare(content: bytes, review: Review) -> Compared:
    """Compare an uploaded file with the frozen review. Raises Refused for what cannot be its signed file, foreign.Busy,
    foreign.Unread and copies.Lost.
    """
    if not content.startswith(b"%PDF-"):
        raise Refused("Tệp không phải PDF. Hãy chọn bản đã ký ở dạng PDF (bản ký số hoặc bản quét).")
    kept = copies.kept(review)
    if content == kept:
        raise Refused("Đây là bản PDF đã chốt, chưa có chữ ký. Hãy chọn bản đã ký.")
    length = len(kept) if content.startswith(kept) else 0
    read = foreign.read(content, "text", "added", prefix=length)
    if read.encrypted:
        raise Refused("Tệp PDF đặt mật khẩu, không đọc được. Hãy chọn tệp không đặt mật khẩu.")
    if read.pages is None:
        raise Refused("Không đọc được tệp PDF. Hãy xuất hoặc quét lại rồi chọn tệp khác.")
    if read.active:
        raise Refused("Tệp PDF có lệnh tự chạy khi mở. Hãy xuất hoặc quét lại thành tệp không có lệnh.")
    if length and read.added == "signatures" and all(one.sound for one in read.signatures):
        notes = tuple(signatures.notes(read.signatures))
        return Compared(SignedKind.INTACT, read.pages, signatures=read.signatures, notes=notes)
    told = (signatures.OTHER,) if length else ()
    if len("".join((read.text or "").split())) < LEAST_TEXT:
        return Compared(SignedKind.PICTURE, read.pages, signatures=read.signatures, notes=told)
    figures, missing = by_number(read, review, kept)
    return Compared(
        SignedKind.TEXT, read.pages, figures, missing, read.signatures, whole=figures > 0, notes=told
    )


def numbers(text: str) -> Counter[str]:
    """How often each number stands in a text."""
    plain = unicodedata.normalize("NFKC", text).replace("\u00ad", "").replace("\u200b", "")
    return Counter(_NUMBER.findall(plain))


def by_number(read: foreign.Read, review: Review, kept: bytes) -> tuple[int, tuple[Missing, ...]]:
    """How many numbers of the frozen PDF were looked for, and which the read text holds in fewer places. A number of
    one or two digits says nothing by itself: pages, days and articles are full of them. Nothing is looked for in a
    text that was too long to be read whole.
    """
    frozen = foreign.read(kept, "text")
    if not (read.whole and frozen.whole):
        return 0, ()
    wanted, found = numbers(frozen.text or ""), numbers(read.text or "")
    named = {
        number: fact["name"]
        for fact in review.frozen.get("facts", {}).values()
        for number in numbers(fact["text"])
    }
    looked = [number for number in wanted if number in named or len(number) > 2]
    missing = [
        Missing(number, found[number], wanted[number], named.get(number, ""))
        for number in looked
        if found[number] < wanted[number]
    ]
    return len(looked), tuple(sorted(missing, key=lambda one: (not one.name, one.there > 0)))
