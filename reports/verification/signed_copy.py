"""Compares a signed or foreign file with the frozen review that it is said to be."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from reports.document import issued_reviews
from reports.models import Review, SignedKind
from reports.pdf import foreign
from reports.pdf.foreign import PdfSignature
from reports.printing import copies

from . import signatures

# A number as reports write it, without its percent sign: 14.712 · 87,4 · 0,03.
_NUMBER = re.compile(
    r"(?<![\d.,])\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\d]|[.,]\d)|(?<![\d.,])\d+(?:,\d+)?(?![\d]|[.,]\d)"
)
# Fewer letters than this on all pages: a picture with a stamp on it, not a text that could be compared.
LEAST_TEXT = 200
_MOST_NAMED = 50


class UnrelatedFile(ValueError):
    """A file that is not kept as the signed one; the text says why, in Vietnamese."""


@dataclass(frozen=True)
class MissingFigure:
    """A frozen figure that the file holds in fewer places than the frozen PDF: `there` of `of`. `name` is empty for a
    figure that stands in a table only.
    """

    text: str
    there: int
    of: int
    name: str = ""


@dataclass(frozen=True)
class SignedFileComparison:
    """What comparing found. `figures` are the different numbers that were looked for, `whole` whether all pages were
    read.
    """

    kind: SignedKind
    pages: int | None = None
    figures: int = 0
    missing: tuple[MissingFigure, ...] = ()
    signatures: tuple[PdfSignature, ...] = ()
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


def compare_signed_file(content: bytes, review: Review) -> SignedFileComparison:
    """Compare an uploaded file with the frozen review. Raises Refused for what cannot be its signed file, foreign.Busy,
    foreign.Unread and copies.Lost.
    """
    if not content.startswith(b"%PDF-"):
        raise UnrelatedFile("Tệp không phải PDF. Hãy chọn bản đã ký ở dạng PDF (bản ký số hoặc bản quét).")
    kept = copies.kept_pdf(review)
    if content == kept:
        raise UnrelatedFile("Đây là bản PDF đã chốt, chưa có chữ ký. Hãy chọn bản đã ký.")
    length = len(kept) if content.startswith(kept) else 0
    read = foreign.read_foreign_file(content, "text", "added", prefix=length)
    if read.encrypted:
        raise UnrelatedFile("Tệp PDF đặt mật khẩu, không đọc được. Hãy chọn tệp không đặt mật khẩu.")
    if read.pages is None:
        raise UnrelatedFile("Không đọc được tệp PDF. Hãy xuất hoặc quét lại rồi chọn tệp khác.")
    if read.active:
        raise UnrelatedFile("Tệp PDF có lệnh tự chạy khi mở. Hãy xuất hoặc quét lại thành tệp không có lệnh.")
    if length and read.added == "signatures" and all(one.sound for one in read.signatures):
        notes = tuple(signatures.signature_notes(read.signatures))
        return SignedFileComparison(SignedKind.INTACT, read.pages, signatures=read.signatures, notes=notes)
    told = (signatures.OTHER,) if length else ()
    if len("".join((read.text or "").split())) < LEAST_TEXT:
        return SignedFileComparison(SignedKind.PICTURE, read.pages, signatures=read.signatures, notes=told)
    figures, missing = compare_numbers(read, review, kept)
    return SignedFileComparison(
        SignedKind.TEXT, read.pages, figures, missing, read.signatures, whole=figures > 0, notes=told
    )


def count_numbers(text: str) -> Counter[str]:
    """How often each number stands in a text."""
    plain = unicodedata.normalize("NFKC", text).replace("\u00ad", "").replace("\u200b", "")
    return Counter(_NUMBER.findall(plain))


def compare_numbers(
    read: foreign.ForeignFile, review: Review, kept: bytes
) -> tuple[int, tuple[MissingFigure, ...]]:
    """How many numbers of the frozen PDF were looked for, and which the read text holds in fewer places. A number of
    one or two digits says nothing by itself: pages, days and articles are full of them. Nothing is looked for in a
    text that was too long to be read whole.
    """
    frozen = foreign.read_foreign_file(kept, "text")
    if not (read.whole and frozen.whole):
        return 0, ()
    wanted, found = count_numbers(frozen.text or ""), count_numbers(read.text or "")
    named = {
        number: fact["name"]
        for fact in review.frozen.get("facts", {}).values()
        for number in count_numbers(fact["text"])
    }
    looked = [number for number in wanted if number in named or len(number) > 2]
    missing = [
        MissingFigure(number, found[number], wanted[number], named.get(number, ""))
        for number in looked
        if found[number] < wanted[number]
    ]
    return len(looked), tuple(sorted(missing, key=lambda one: (not one.name, one.there > 0)))


_CODE = re.compile(
    rf"(?<![A-Z])[{issued_reviews.LETTERS}]{{5}}\s?[-–]\s?[{issued_reviews.LETTERS}]{{5}}(?![A-Z])"
)
_MOST_CODES = 10


@dataclass(frozen=True)
class Claim:
    """The issued review whose code a file carries; how many of its numbers were looked for in the file's text (0: it
    has no text to compare), and which the text holds in fewer places.
    """

    review: Review
    figures: int = 0
    missing: tuple[MissingFigure, ...] = ()


def claimed_review(content: bytes) -> Claim | None:
    """Which issued review a foreign PDF says it is, by the code in its text or in its embedded data. Raises
    foreign.Busy. A number in the data alone does not do: it could be guessed.
    """
    if not content.startswith(b"%PDF-"):
        return None
    try:
        read = foreign.read_foreign_file(content, "text", "attached")
        review = _claimed(read.text or "", read.attached)
        if review is None:
            return None
        if not read.text or len("".join(read.text.split())) < LEAST_TEXT:
            return Claim(review)
        return Claim(review, *compare_numbers(read, review, copies.kept_pdf(review)))
    except foreign.ReaderBusy:
        raise
    except (foreign.UnreadablePdf, copies.LostFile):
        return None


def _claimed(text: str, attached: Any) -> Review | None:
    found = [issued_reviews.parse_code(one) for one in _CODE.findall(text)[:_MOST_CODES]]
    try:
        found.append(issued_reviews.parse_code(str(attached["verify"]["code"])))
    except (KeyError, TypeError):
        pass
    for code in dict.fromkeys(one for one in found if one):
        review = issued_reviews.issued_review(code)
        if review is not None:
            return review
    return None
