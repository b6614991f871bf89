"""Downloads of a review other than its PDF, and its projection."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import clock
from core.web import Right, attachment, requires
from figures import formatting
from reports import document
from reports.meeting import meeting_of
from reports.models import Review
from reports.pdf import drawing
from reports.pdf.review_pdf import page_source, redraw_pdf
from reports.printing import print_view
from reports.review_access import review_for
from reports.review_files import slides, texts, workbook
from spreadsheets.table_writer import KINDS

from .views import pdf_error_page, review_page

NOTICE = "thong-bao-ket-luan-cchc"
NO_CONCLUSIONS = (
    "Chưa có thông báo: hãy ghi kết luận, ý kiến chỉ đạo của hội nghị (mục Hội nghị), rồi tải lại."
)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def document_of(review: Review) -> dict[str, Any]:
    """The frozen document, else one from current figures."""
    return document.current(review, demo=settings.DEMO)


def state_of(review: Review) -> str:
    """The state in words; of a frozen review with the time of freezing, and number and day of issue."""
    if not review.is_frozen or review.frozen_at is None:
        return "Dự thảo, chưa chốt số liệu"
    state = f"Đã chốt số liệu lúc {formatting.format_moment(timezone.localtime(review.frozen_at).replace(second=0))}"
    return (
        f"{state}; số {review.number}, ngày {formatting.format_day(review.issued_on)}"
        if review.number
        else state
    )


def source_of(review: Review) -> str:
    """The source line of published figures."""
    numbered = f" số {review.number} ngày {formatting.format_day(review.issued_on)}" if review.number else ""
    state = "" if numbered else f" {state_of(review)}."
    return f"Nguồn: Báo cáo{numbered} của UBND {review.unit.name}.{state}"


def moment_of(review: Review) -> datetime:
    """The local time of a file: the freezing, or now."""
    return timezone.localtime(review.frozen_at or clock.now())


def download(review: Review, content: bytes, kind: str, suffix: str, name: str = "cchc") -> HttpResponse:
    """A download, named like bao-cao-cchc-2022-H1-1.docx."""
    prefix = ("bao-cao-" if name != NOTICE else "") if review.is_frozen else "du-thao-"
    filename = f"{prefix}{name}-{review.period}-{review.pk}.{suffix}"
    return attachment(HttpResponse(content, content_type=kind), filename)


@requires(Right.READ)
@require_safe
def review_docx(request: HttpRequest, pk: int) -> HttpResponse:
    """The review as DOCX."""
    # Imported here to save memory: most worker processes never make a DOCX.
    from reports.docx import review_docx as word

    review = review_for(request, pk)
    moment = review.frozen_at or review.created_at
    content = word.docx_bytes(
        print_view.print_context(document_of(review)), moment=moment, draft=not review.is_frozen
    )
    return download(review, content, DOCX, "docx")


@requires(Right.READ)
@require_safe
def review_xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """The review's figures as XLSX with live formulas."""
    review = review_for(request, pk)
    content = workbook.review_xlsx_bytes(
        document_of(review), moment=moment_of(review), state=state_of(review)
    )
    return download(review, content, KINDS["xlsx"], "xlsx", "so-lieu-cchc")


@requires(Right.READ)
@require_safe
def review_txt(request: HttpRequest, pk: int) -> HttpResponse:
    """A summary for the news page."""
    review = review_for(request, pk)
    doc, meeting = document_of(review), meeting_of(review)
    content = texts.news_bytes(doc, meeting, source=source_of(review), draft=not review.is_frozen)
    return download(review, content, "text/plain; charset=utf-8", "txt", "tin-cchc")


@requires(Right.READ)
@require_safe
def review_notice(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The notice of the meeting's conclusions as PDF or DOCX; 422 without conclusions."""
    review = review_for(request, pk)
    meeting = meeting_of(review)
    if not texts.has_notice(meeting):
        return review_page(request, review, status=422, refused=NO_CONCLUSIONS)
    context = texts.notice_context(document_of(review), meeting, unfrozen=not review.is_frozen)
    moment = review.frozen_at or review.created_at
    if kind == "docx":
        from reports.docx import review_docx as word

        content = word.docx_bytes(context, moment=moment, draft=not review.is_frozen, template=texts.TEMPLATE)
        return download(review, content, DOCX, kind, NOTICE)
    try:
        content = redraw_pdf(page_source(context, moment, texts.TEMPLATE))
    except drawing.PdfNotDrawn as error:
        return pdf_error_page(request, review, error)
    return download(review, content, "application/pdf", kind, NOTICE)


@requires(Right.READ)
@require_safe
def review_hall(request: HttpRequest, pk: int) -> HttpResponse:
    """The projection, one figure a slide. All slides are in the page, so that it works offline once opened."""
    review = review_for(request, pk)
    doc, meeting = document_of(review), meeting_of(review)
    marks = ([] if review.is_frozen else ["Dự thảo"]) + (["Số liệu minh họa"] if doc["demo"] else [])
    context = {
        "found": review,
        "doc": doc,
        "meeting": meeting,
        "marks": marks,
        "period_label": slides.period_label(doc),
        "whole": slides.completeness_line(doc),
        "slides": slides.slides(doc),
    }
    return render(request, "reports/review_files/projection.html", context)
