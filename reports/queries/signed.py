"""The signed files of a review, as its page tells of them."""

from dataclasses import dataclass
from typing import Any

from reports.models import Review, SignedFile, SignedKind


@dataclass(frozen=True)
class Shown:
    """A signed file with its place among the uploads (1 is the first) and what comparing it found."""

    number: int
    file: SignedFile

    @property
    def missing(self) -> list[dict[str, Any]]:
        return self.file.found.get("missing", [])

    @property
    def chip(self) -> tuple[str, str]:
        """State and word of the chip that sums up the comparison."""
        if self.file.kind == SignedKind.INTACT:
            return "ok", "Nguyên vẹn, có chữ ký số"
        if self.file.kind == SignedKind.PICTURE:
            return "part", "Bản quét, không so được"
        if not self.file.found.get("whole", True):
            return "part", "Quá dài, không so hết"
        return ("late", "Thiếu số liệu đã chốt") if self.missing else ("ok", "Đủ số liệu đã chốt")


def signed_files(review: Review) -> list[Shown]:
    """All uploads, the newest first. One query."""
    files = list(review.signed_files.order_by("-pk")) if review.is_frozen else []
    return [Shown(len(files) - place, one) for place, one in enumerate(files)]
