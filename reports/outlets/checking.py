"""Is this file the review that was frozen here? Its bytes, the data in it, and the data in the database."""

from dataclasses import dataclass, field
from typing import Any

from ledger.models import Entry
from reports.models import Review
from reports.queries import document, reviews

from . import copies, pdf

FOREIGN = "Tệp này không phải bản báo cáo đã chốt của hệ thống, hoặc đã bị thay đổi."


@dataclass(frozen=True)
class Verdict:
    """`faults` says in words what differs; without any the file is the frozen review, whatever is `newer`."""

    review: Review | None
    faults: tuple[str, ...]
    newer: list[reviews.Newer] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        return self.review is not None and not self.faults


def check_bytes(content: bytes) -> Verdict:
    """For anyone (/verify/): only a file whose SHA-256 is known is read any further, so junk is never parsed."""
    review = Review.objects.filter(pdf_sha256=copies.sha256(content)).select_related("unit").first()
    return check(content, review) if review else Verdict(None, (FOREIGN,))


def check_file(content: bytes) -> Verdict:
    """For the command line: a file with other bytes is compared with the review that its embedded data names."""
    review = Review.objects.filter(pdf_sha256=copies.sha256(content)).select_related("unit").first()
    if review is None:
        named = _number(pdf.read_attached(content))
        review = Review.objects.filter(pk=named, frozen_at__isnull=False).first() if named else None
    return check(content, review) if review else Verdict(None, (FOREIGN,))


def check(content: bytes, review: Review) -> Verdict:
    """Compare a file with a frozen review: everything that differs is named."""
    faults = []
    if copies.sha256(content) != review.pdf_sha256:
        faults.append("Nội dung tệp (SHA-256) khác bản PDF đã chốt.")
    embedded = pdf.read_attached(content)
    if embedded is None:
        faults.append("Không đọc được số liệu kèm trong tệp.")
    elif document.sha256(embedded) != review.frozen_sha256:
        faults.append("Số liệu kèm trong tệp khác số liệu đã chốt.")
    faults += database_faults(review)
    return Verdict(review, tuple(faults), [] if faults else reviews.newer_figures(review.frozen))


def database_faults(review: Review) -> list[str]:
    """What is wrong with the frozen review as it is kept: data, entry in the log, stored file."""
    faults = []
    if review.frozen is None or document.sha256(review.frozen) != review.frozen_sha256:
        faults.append("Số liệu đã chốt trong cơ sở dữ liệu đã bị thay đổi.")
    if not _logged(review, reviews.frozen_entry(review)):
        faults.append("Mã băm của bản chốt khác mã băm ghi trong nhật ký.")
    try:
        if copies.sha256(copies.kept(review)) != review.pdf_sha256:
            faults.append("Tệp PDF trong kho lưu khác bản đã chốt.")
    except copies.Lost as lost:
        faults.append(str(lost))
    return faults


def _logged(review: Review, entry: Entry | None) -> bool:
    if entry is None:
        return False
    written = (entry.detail.get("data_sha256"), entry.detail.get("pdf_sha256"))
    return written == (review.frozen_sha256, review.pdf_sha256)


def _number(embedded: Any) -> int | None:
    """The review's number in embedded data that may hold anything."""
    try:
        number = embedded["review"]["number"]
    except (KeyError, TypeError):
        return None
    return number if isinstance(number, int) and 0 < number < 2**63 else None
