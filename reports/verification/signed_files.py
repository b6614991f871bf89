"""What the signatures appended to a PDF say in words, and how a signed or foreign file differs from the
frozen review.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.timezone import localtime

from figures.formatting import format_day
from reports import review_access
from reports.models import Review, SignedKind
from reports.pdf import foreign_files
from reports.pdf.foreign_files import PdfSignature
from reports.printing import copies

OTHER = "Phần thêm vào sau bản đã chốt không chỉ có chữ ký số: nội dung nhìn thấy có thể đã bị thay đổi."
NO_SIGNATURE = "Sau bản đã chốt có thêm dữ liệu không phải chữ ký số."
UNREAD = "Không đọc được phần thêm vào sau bản đã chốt."
UNTRUSTED = (
    "Tên là theo chứng thư kèm trong tệp. Hệ thống không xác nhận chứng thư đáng tin hay còn hiệu lực: "
    "hãy kiểm tra bằng phần mềm ký số."
)


@dataclass(frozen=True)
class AppendedContent:
    """What follows the frozen bytes of a file: faults for what must not be there, notes for its sound signatures."""

    signatures: tuple[PdfSignature, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_appended(content: bytes, length: int) -> AppendedContent:
    """Read what was appended to the first `length` bytes, which are a frozen file. Raises foreign.Busy."""
    try:
        read = foreign_files.read_foreign_file(content, "added", prefix=length)
    except foreign_files.ReaderBusy:
        raise
    except foreign_files.UnreadablePdf:
        return AppendedContent(faults=(UNREAD,))
    if read.added != "signatures":
        fault = {"nothing": NO_SIGNATURE, "other": OTHER}.get(read.added or "", UNREAD)
        return AppendedContent(read.signatures, (fault,))
    faults = tuple(
        f"{signature_title(signature)} không khớp nội dung tệp."
        for signature in read.signatures
        if not signature.sound
    )
    return AppendedContent(read.signatures, faults, () if faults else tuple(signature_notes(read.signatures)))


def signature_notes(signatures: tuple[PdfSignature, ...]) -> Iterator[str]:
    """What to know of sound signatures."""
    yield f"Tệp gồm bản đã chốt, nguyên từng byte, và {len(signatures)} chữ ký số gắn thêm ở cuối."
    for signature in signatures:
        at = localtime(signature.at) if signature.at else None
        when = f", đồng hồ bên ký ghi {at:%H:%M} ngày {format_day(at.date())}" if at else ""
        yield f"{signature_title(signature)}: khớp nội dung tệp{when}."
    yield UNTRUSTED
    pages = sorted({signature.page for signature in signatures if signature.page is not None})
    if pages:
        where = ", ".join(f"trang {page}" for page in pages if page) or "một trang"
        yield f"Chữ ký có hình ở {where}: hãy nhìn xem hình có che chữ, số nào của báo cáo không."


def signature_title(signature: PdfSignature) -> str:
    """A signature by whom its certificate names: "Chữ ký số mang tên Nguyễn Văn A, UBND huyện Thanh Liêm"."""
    kind = "Dấu thời gian" if signature.stamp else "Chữ ký số"
    return (
        f"{kind} mang tên {signature.signer}"
        if signature.signer
        else f"{kind} không ghi tên (ô {signature.field})"
    )


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
            "missing": [vars(figure) for figure in self.missing[:_MOST_NAMED]],
            "missing_count": len(self.missing),
            "signatures": [signature.as_dict() for signature in self.signatures],
            "whole": self.whole,
            "notes": list(self.notes),
        }


def compare_signed_file(content: bytes, review: Review) -> SignedFileComparison:
    """Compare an uploaded file with the frozen review. Raises Refused for what cannot be its signed file, foreign.Busy,
    foreign.Unread and copies.Lost.
    """
    if not content.startswith(b"%PDF-"):
        raise UnrelatedFile("Tệp không phải PDF. Hãy chọn bản đã ký ở dạng PDF (bản ký số hoặc bản quét).")
    frozen = copies.kept_pdf(review)
    if content == frozen:
        raise UnrelatedFile("Đây là bản PDF đã chốt, chưa có chữ ký. Hãy chọn bản đã ký.")
    length = len(frozen) if content.startswith(frozen) else 0
    read = foreign_files.read_foreign_file(content, "text", "added", prefix=length)
    if read.encrypted:
        raise UnrelatedFile("Tệp PDF đặt mật khẩu, không đọc được. Hãy chọn tệp không đặt mật khẩu.")
    if read.pages is None:
        raise UnrelatedFile("Không đọc được tệp PDF. Hãy xuất hoặc quét lại rồi chọn tệp khác.")
    if read.active:
        raise UnrelatedFile("Tệp PDF có lệnh tự chạy khi mở. Hãy xuất hoặc quét lại thành tệp không có lệnh.")
    if length and read.added == "signatures" and all(signature.sound for signature in read.signatures):
        notes = tuple(signature_notes(read.signatures))
        return SignedFileComparison(SignedKind.INTACT, read.pages, signatures=read.signatures, notes=notes)
    notes_on_end = (OTHER,) if length else ()
    if len("".join((read.text or "").split())) < LEAST_TEXT:
        return SignedFileComparison(
            SignedKind.PICTURE, read.pages, signatures=read.signatures, notes=notes_on_end
        )
    figures, missing = compare_numbers(read, review, frozen)
    return SignedFileComparison(
        SignedKind.TEXT, read.pages, figures, missing, read.signatures, whole=figures > 0, notes=notes_on_end
    )


def count_numbers(text: str) -> Counter[str]:
    """How often each number stands in a text."""
    plain = unicodedata.normalize("NFKC", text).replace("\u00ad", "").replace("\u200b", "")
    return Counter(_NUMBER.findall(plain))


def compare_numbers(
    read: foreign_files.ForeignFile, review: Review, frozen_pdf: bytes
) -> tuple[int, tuple[MissingFigure, ...]]:
    """How many numbers of the frozen PDF were looked for, and which the read text holds in fewer places. A number of
    one or two digits says nothing by itself: pages, days and articles are full of them. Nothing is looked for in a
    text that was too long to be read whole.
    """
    frozen = foreign_files.read_foreign_file(frozen_pdf, "text")
    if not (read.whole and frozen.whole):
        return 0, ()
    expected, present = count_numbers(frozen.text or ""), count_numbers(read.text or "")
    named = {
        number: fact["name"]
        for fact in review.frozen.get("facts", {}).values()
        for number in count_numbers(fact["text"])
    }
    looked = [number for number in expected if number in named or len(number) > 2]
    missing = [
        MissingFigure(number, present[number], expected[number], named.get(number, ""))
        for number in looked
        if present[number] < expected[number]
    ]
    return len(looked), tuple(sorted(missing, key=lambda figure: (not figure.name, figure.there > 0)))


_CODE = re.compile(
    rf"(?<![A-Z])[{review_access.LETTERS}]{{5}}\s?[-–]\s?[{review_access.LETTERS}]{{5}}(?![A-Z])"
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
        read = foreign_files.read_foreign_file(content, "text", "attached")
        review = _claimed(read.text or "", read.attached)
        if review is None:
            return None
        if not read.text or len("".join(read.text.split())) < LEAST_TEXT:
            return Claim(review)
        return Claim(review, *compare_numbers(read, review, copies.kept_pdf(review)))
    except foreign_files.ReaderBusy:
        raise
    except (foreign_files.UnreadablePdf, copies.LostFile):
        return None


def _claimed(text: str, attached: Any) -> Review | None:
    codes = [review_access.parse_code(match) for match in _CODE.findall(text)[:_MOST_CODES]]
    try:
        codes.append(review_access.parse_code(str(attached["verify"]["code"])))
    except (KeyError, TypeError):
        pass
    for code in dict.fromkeys(parsed for parsed in codes if parsed):
        review = review_access.issued_review(code)
        if review is not None:
            return review
    return None
