"""The list of reviews, the page of a review, and its PDF."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import clock
from core.web import Right, attachment, requires
from figures.formatting import format_decimal
from records.calendar.queries import stored_calendar
from reports import charts, document, review_access
from reports.consultation.queries import (
    comment_units,
    comments_by_section,
    open_points,
    request_counts,
    unanswered_requests,
)
from reports.consultation.views import CommentForm
from reports.drafting import actions
from reports.freezing import before_signing, incomplete_points
from reports.meeting import MeetingRecord, meeting_of
from reports.models import Review, ReviewSection, ReviewState, SignedFile, SignedKind
from reports.pdf import drawing
from reports.printing import copies, print_view
from reports.review_access import corrections, drafting_units, newer_figures, review_for, visible_reviews
from reports.review_files import texts
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import home_unit, is_allowed, require_right
from units.models import Unit

from .forms import ClosingReasonForm, IssueNumberForm, NewReviewForm, SignedFileForm

KB, MB = 1024, 1024 * 1024
# Bytes of a file without rows, of a row of its tables by unit and field, and of a letter of its text. Measured; a
# test compares them with real files.
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
    """A download of a review: link text, address, purpose, size in words ("" for a page)."""

    name: str
    address: str
    words: str
    size: str = ""


def review_downloads(review: Review, doc: dict[str, Any], meeting: MeetingRecord) -> list[ReviewDownload]:
    """All downloads of a review, the official one first, with the notice of its meeting if it has one."""

    def download(name: str, kind: str, words: str, size: str = "") -> ReviewDownload:
        return ReviewDownload(
            name,
            reverse(f"review_{kind}", args=[review.pk]),
            words,
            size or size_estimate(doc, meeting, kind),
        )

    pdf_words = "bản in theo Nghị định 30/2020"
    if review.is_frozen:
        pdf_words += "; bản đã chốt, kèm số liệu dạng tệp, kiểm tra được"
    downloads = [
        download("PDF", "pdf", pdf_words, _stored_size(review)),
        download("DOCX", "docx", "cùng nội dung, để hoàn thiện trong phần mềm soạn thảo"),
        download("XLSX", "xlsx", "số liệu theo đơn vị, lĩnh vực; tổng và tỷ lệ là công thức"),
        download("TXT", "txt", "tin tóm tắt để đăng trên trang thông tin điện tử"),
        ReviewDownload(
            "Trình chiếu",
            reverse("review_hall", args=[review.pk]),
            "từng số liệu, chữ lớn, cho hội nghị; mở rồi thì không cần mạng",
        ),
    ]
    if texts.has_notice(meeting):
        downloads += [
            download("Thông báo kết luận, PDF", "notice_pdf", "bản in theo Nghị định 30/2020"),
            download("Thông báo kết luận, DOCX", "notice_docx", "để hoàn thiện trong phần mềm soạn thảo"),
        ]
    return downloads


def size_estimate(doc: dict[str, Any], meeting: MeetingRecord, kind: str) -> str:
    """The estimated size of a file: "khoảng 50 KB"."""
    return f"khoảng {size_text(_round(estimated_bytes(doc, meeting, kind)))}"


def estimated_bytes(doc: dict[str, Any], meeting: MeetingRecord, kind: str) -> int:
    """The estimated bytes of a file, from its rows and letters."""
    base, row, letter = SIZES[kind]
    tasks = sum(len(task["text"].encode()) for task in doc["tasks"])
    if kind == "txt":
        return (
            base + tasks + len(f"{meeting.chaired}{meeting.attended}".encode()) + 150 * len(doc["indicators"])
        )
    text = len(meeting.conclusions) + len(meeting.directed) if kind.startswith("notice") else _letters(doc)
    rows = len(doc["figures"]["rows"]) + sum(len(field["figures"]["rows"]) for field in doc["by_field"])
    return int(base + row * rows + letter * (text + tasks))


def size_text(size: int) -> str:
    """A size in words: "50 KB", "1,2 MB"."""
    if size < MB:
        return f"{max(1, round(size / KB))} KB"
    return f"{format_decimal(f'{size / MB:.1f}')} MB"


def _round(size: int) -> int:
    """Round bytes to 5 KB, below 10 KB to 1 KB."""
    step = KB if size < 10 * KB else 5 * KB
    return size if size >= MB else max(step, round(size / step) * step)


def _letters(doc: dict[str, Any]) -> int:
    runs = (run for section in doc["sections"] for paragraph in section["paragraphs"] for run in paragraph)
    return sum(len(run) if isinstance(run, str) else len(run["text"]) for run in runs)


def _stored_size(review: Review) -> str:
    """The size of a frozen review's PDF; "" for a draft or a lost file."""
    try:
        return size_text(default_storage.size(review.pdf_name)) if review.is_frozen else ""
    except OSError:
        return ""


REVIEWS = (
    TableColumn("title", "Báo cáo", width=60),
    TableColumn("unit_code", "Mã đơn vị", "unit.code"),
    TableColumn("unit", "Đơn vị", "unit.name", width=30),
    TableColumn("period", "Kỳ"),
    TableColumn("state", "Trạng thái", "get_state_display", width=26),
    TableColumn("number", "Số"),
    TableColumn("issued_on", "Ngày phát hành"),
    TableColumn("frozen_at", "Chốt số liệu lúc", width=20),
)


def reviews_file(reviews: Iterable[Review], at: datetime) -> TableFile:
    """Reviews as a table file."""
    rows = table_rows(REVIEWS, reviews)
    return TableFile("bao-cao-so-ket", "Báo cáo sơ kết, tổng kết", REVIEWS, rows, at)


@dataclass(frozen=True)
class SignedFileRow:
    """A signed file with its place among the uploads (1 is the first)."""

    number: int
    file: SignedFile

    @property
    def missing(self) -> list[dict[str, Any]]:
        return self.file.found.get("missing", [])

    @property
    def chip(self) -> tuple[str, str]:
        """State and word of the chip for the comparison's result."""
        if self.file.kind == SignedKind.INTACT:
            return "ok", "Nguyên vẹn, có chữ ký số"
        if self.file.kind == SignedKind.PICTURE:
            return "part", "Bản quét, không so được"
        if not self.file.found.get("whole", True):
            return "part", "Quá dài, không so hết"
        return ("late", "Thiếu số liệu đã chốt") if self.missing else ("ok", "Đủ số liệu đã chốt")


def signed_files(review: Review) -> list[SignedFileRow]:
    """All signed files, the newest first. One query."""
    files = list(review.signed_files.order_by("-pk")) if review.is_frozen else []
    return [SignedFileRow(len(files) - place, file) for place, file in enumerate(files)]


def discussion_context(
    request: HttpRequest, review: Review, form: CommentForm | None = None, wrong: str = ""
) -> dict[str, Any]:
    """Comments by section, the comment form, the user's open requests and, for editors of the review, the counts of
    requests. `wrong`: the error of a reply that was not stored.
    """
    sections: list[ReviewSection] = list(review.sections.order_by("order"))
    parts = comments_by_section(review, sections)
    voices = comment_units(request.user, review, request.day)
    edits = is_allowed(request.user, Right.EDIT, review.unit, request.day)
    return {
        "comment_parts": parts,
        "comments_open": sum(part.open for part in parts),
        "comment_wrong": wrong,
        "may_comment": bool(voices),
        "may_resolve": edits and not review.is_frozen,
        "comment_form": form or (CommentForm(None, sections, voices) if voices else None),
        "own_askings": unanswered_requests(review, voices) if voices else [],
        "asked": request_counts(review, request.day) if edits else None,
    }


PER_PAGE = 50
CHIPS = {
    ReviewState.DRAFT: "draft",
    ReviewState.COMMENT: "wait",
    ReviewState.FROZEN: "lock",
    ReviewState.ISSUED: "ok",
}


@requires(Right.READ)
def review_list(request: HttpRequest) -> HttpResponse:
    """All reviews that the user may see; POST opens a draft."""
    units = drafting_units(request.user, request.day)
    form = NewReviewForm(
        request.POST if request.method == "POST" else None, units, stored_calendar(), request.day
    )
    if request.method == "POST":
        if not units:
            require_right(request.user, Right.EDIT, home_unit(request.user, request.day), request.day)
        if form.is_valid():
            opened = _open(request, form)
            if opened is not None:
                return redirect("review", opened.pk)
    every = visible_reviews(request.user, request.day)
    if file := requested_file(request, {"": lambda: reviews_file(every.iterator(1_000), clock.now())}):
        return file
    rows = [(review, CHIPS[review.state]) for review in every[:PER_PAGE]]
    context = {"rows": rows, "form": form if units else None}
    return render(request, "reports/reviews/list.html", context, status=422 if form.errors else 200)


def _open(request: HttpRequest, form: NewReviewForm) -> Review | None:
    unit: Unit = form.cleaned_data["unit"]
    require_right(request.user, Right.EDIT, unit, request.day)
    period = form.cleaned_data["period"]
    try:
        opened = actions.open_full_draft(
            unit,
            period,
            by=request.user,
            at=clock.now(),
            demo=settings.DEMO,
            units_of=form.units_of(),
        )
    except review_access.ReviewError as error:
        form.add_error(None, str(error))
        return None
    messages.success(
        request,
        "Đã lập dự thảo: câu, bảng, nhiệm vụ theo số liệu đã duyệt. Hãy đọc lại và viết tiếp.",
    )
    return opened


@requires(Right.READ)
@require_safe
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a review: a draft with current figures, a frozen one with the frozen ones."""
    return review_page(request, review_for(request, pk))


def review_page(
    request: HttpRequest, review: Review, *, status: int = 200, refused: str = "", **forms: Any
) -> HttpResponse:
    """The review's page, with an error message (`refused`) or invalid forms (`forms`) after a failed action."""
    doc = document.current(review, demo=settings.DEMO)
    may = {
        "edit": is_allowed(request.user, Right.EDIT, review.unit, request.day),
        "close": is_allowed(request.user, Right.CLOSE, review.unit, request.day),
    }
    printed, meeting = print_view.print_context(doc), meeting_of(review)
    warnings = [] if review.is_frozen else before_signing(review, doc, request.day)
    shape = print_view.mark_text(doc)
    pks = [] if review.is_frozen else list(review.sections.values_list("pk", flat=True))
    context = printed | {
        "found": review,
        "sections": [
            section | {"marked": text, "pk": pk}
            for section, text, pk in zip_longest(printed["sections"], shape.sections, pks)
        ],
        "shape": shape,
        "accepting": may["edit"] and not review.is_frozen,
        "points": [] if review.is_frozen else _points(review, doc, pks, may["edit"], request.day),
        "see_chip": "part" if warnings else "ok",
        "see_word": f"{len(warnings)} việc" if warnings else "Đủ",
        "first_section": pks[0] if pks else None,
        "refused": refused,
        "chip": CHIPS[review.state],
        "may": may,
        "bars": [
            charts.share_bar(row.name, row.now) for row in printed["tier_rows"] if row.now.counts["received"]
        ],
        "warnings": warnings,
        "meeting": meeting,
        "files": review_downloads(review, doc, meeting),
        "version": "" if review.is_frozen else document.document_version(doc),
        "corrections": corrections(review),
        "newer": newer_figures(doc) if review.is_frozen else [],
        "signed": signed_files(review),
        "signed_form": forms.get("signed_form") or SignedFileForm(),
        "compared": forms.get("compared"),
        "successor": review.replaced_by.order_by("pk").first(),
        "reason_form": forms.get("reason_form") or ClosingReasonForm(None, needed=bool(warnings)),
        "number_form": forms.get("number_form") or IssueNumberForm(None, review, request.day),
    }
    context |= discussion_context(request, review, forms.get("comment_form"), forms.get("comment_wrong", ""))
    return render(request, "reports/reviews/review.html", context, status=status)


def _points(
    review: Review, doc: dict[str, Any], pks: list[int], may_edit: bool, day: date
) -> list[dict[str, str]]:
    """What the document lacks, each with the address where it is mended."""
    points = []
    for point in incomplete_points(review, doc, day):
        to = "#phu-luc" if point.aim == "units" else ""
        if point.aim == "edit" and may_edit:
            to = reverse("review_edit", args=[review.pk])
        elif point.aim.isdigit():
            order = int(point.aim)
            to = reverse("review_section", args=[review.pk, pks[order - 1]]) if may_edit else f"#muc-{order}"
        points.append({"text": point.text, "to": to})
    address = reverse("review_asking", args=[review.pk]) if may_edit else "#gop-y"
    return points + [{"text": text, "to": address} for text in open_points(review)]


def pdf_error_page(request: HttpRequest, review: Review, error: drawing.PdfNotDrawn) -> HttpResponse:
    """The review's page with the error of its PDF: 429 while the renderer is busy, else 422."""
    busy = isinstance(error, drawing.RendererBusy)
    answer = review_page(request, review, status=429 if busy else 422, refused=str(error))
    if busy:
        answer.headers["Retry-After"] = "60"
    return answer


@requires(Right.READ)
@require_safe
def review_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The review as PDF: the stored file of a frozen one, else the draft."""
    review = review_for(request, pk)
    try:
        content = copies.current_pdf(review, demo=settings.DEMO)
    except copies.LostFile as error:
        message = f"{error} Hãy báo người quản trị khôi phục từ bản sao lưu."
        return review_page(request, review, status=503, refused=message)
    except copies.LongReview:
        return redirect("review_drawing", pk)
    except drawing.PdfNotDrawn as undrawn:
        return pdf_error_page(request, review, undrawn)
    kind = "bao-cao" if review.is_frozen else "du-thao"
    response = HttpResponse(content, content_type="application/pdf")
    return attachment(response, f"{kind}-cchc-{review.period}-{review.pk}.pdf")
