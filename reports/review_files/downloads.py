"""The list of downloads of a review, each with what it is for and how large it is."""

from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.urls import reverse

from figures.formatting import format_decimal
from reports.meeting.queries import MeetingRecord
from reports.models import Review

from . import notice

KB, MB = 1024, 1024 * 1024
# Bytes of a file without rows, of a row of its tables by unit and field, and of a letter of its text; measured, and
# held to what is really made by a test.
SIZES = {
    "pdf": (85_000, 1_070, 0.3),
    "docx": (46_000, 68, 0.25),
    "xlsx": (21_400, 182, 0.0),
    "txt": (1_100, 0, 0.0),
    "notice_pdf": (31_000, 0, 0.3),
    "notice_docx": (38_500, 0, 0.3),
}


@dataclass(frozen=True)
class ReviewDownload:
    """A form of a review: its name as a link, what it is for, its size in words ("" for a page)."""

    name: str
    address: str
    words: str
    size: str = ""


def review_downloads(found: Review, doc: dict[str, Any], meeting: MeetingRecord) -> list[ReviewDownload]:
    """All forms of a review, the official one first; the notice of its meeting where there is one."""

    def one(name: str, kind: str, words: str, size: str = "") -> ReviewDownload:
        return ReviewDownload(
            name, reverse(f"review_{kind}", args=[found.pk]), words, size or size_estimate(doc, meeting, kind)
        )

    drawn = "bản in theo Nghị định 30/2020"
    if found.is_frozen:
        drawn += "; bản đã chốt, kèm số liệu dạng tệp, kiểm tra được"
    listed = [
        one("PDF", "pdf", drawn, _kept(found)),
        one("DOCX", "docx", "cùng nội dung, để hoàn thiện trong phần mềm soạn thảo"),
        one("XLSX", "xlsx", "số liệu theo đơn vị, lĩnh vực; tổng và tỷ lệ là công thức"),
        one("TXT", "txt", "tin tóm tắt để đăng trên trang thông tin điện tử"),
        ReviewDownload(
            "Trình chiếu",
            reverse("review_hall", args=[found.pk]),
            "từng số liệu, chữ lớn, cho hội nghị; mở rồi thì không cần mạng",
        ),
    ]
    if notice.has_notice(meeting):
        listed += [
            one("Thông báo kết luận, PDF", "notice_pdf", "bản in theo Nghị định 30/2020"),
            one("Thông báo kết luận, DOCX", "notice_docx", "để hoàn thiện trong phần mềm soạn thảo"),
        ]
    return listed


def size_estimate(doc: dict[str, Any], meeting: MeetingRecord, kind: str) -> str:
    """How large a file will be, before it is made: "khoảng 50 KB"."""
    return f"khoảng {size_text(_round(estimated_bytes(doc, meeting, kind)))}"


def estimated_bytes(doc: dict[str, Any], meeting: MeetingRecord, kind: str) -> int:
    """Bytes of a file that is not made yet, from the rows and letters that it will hold."""
    base, row, letter = SIZES[kind]
    tasks = sum(len(one["text"].encode()) for one in doc["tasks"])
    if kind == "txt":
        return (
            base + tasks + len(f"{meeting.chaired}{meeting.attended}".encode()) + 150 * len(doc["indicators"])
        )
    text = len(meeting.conclusions) + len(meeting.directed) if kind.startswith("notice") else _letters(doc)
    rows = len(doc["figures"]["rows"]) + sum(len(one["figures"]["rows"]) for one in doc["by_field"])
    return int(base + row * rows + letter * (text + tasks))


def size_text(size: int) -> str:
    """A size in words: "50 KB", "1,2 MB"."""
    if size < MB:
        return f"{max(1, round(size / KB))} KB"
    return f"{format_decimal(f'{size / MB:.1f}')} MB"


def _round(size: int) -> int:
    """To a step that promises no more than is known: fives of KB, one below ten."""
    step = KB if size < 10 * KB else 5 * KB
    return size if size >= MB else max(step, round(size / step) * step)


def _letters(doc: dict[str, Any]) -> int:
    runs = (run for one in doc["sections"] for paragraph in one["paragraphs"] for run in paragraph)
    return sum(len(run) if isinstance(run, str) else len(run["text"]) for run in runs)


def _kept(found: Review) -> str:
    """The size of a frozen review's file; "" of a draft, and where the file is lost, which its download then says."""
    try:
        return size_text(default_storage.size(found.pdf_name)) if found.is_frozen else ""
    except OSError:
        return ""
