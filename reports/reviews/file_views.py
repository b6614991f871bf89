"""Downloads of a review beside its PDF, and its projection for the hall."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import clock
from core.web import Right, requires
from figures import formatting
from reports import document
from reports.meeting import meeting_of
from reports.models import Review
from reports.pdf import drawing
from reports.pdf.files import page_source, redraw_pdf
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


def document_of(found: Review) -> dict[str, Any]:
    """The document that all outlets of a review draw from: the frozen one, else that of now."""
    return document.current(found, demo=settings.DEMO)


def state_of(found: Review) -> str:
    """Whether figures may still change, in words: of a frozen review since when not, and its number."""
    if not found.is_frozen or found.frozen_at is None:
        return "Dự thảo, chưa chốt số liệu"
    told = f"Đã chốt số liệu lúc {formatting.format_moment(timezone.localtime(found.frozen_at).replace(second=0))}"
    return (
        f"{told}; số {found.number}, ngày {formatting.format_day(found.issued_on)}" if found.number else told
    )


def source_of(found: Review) -> str:
    """The document that a published figure goes back to, in words."""
    numbered = f" số {found.number} ngày {formatting.format_day(found.issued_on)}" if found.number else ""
    state = "" if numbered else f" {state_of(found)}."
    return f"Nguồn: Báo cáo{numbered} của UBND {found.unit.name}.{state}"


def moment_of(found: Review) -> datetime:
    """What dates a file, in the zone of its reader: the freezing, or now."""
    return timezone.localtime(found.frozen_at or clock.now())


def download(found: Review, content: bytes, kind: str, suffix: str, name: str = "cchc") -> HttpResponse:
    """A file to save, named after what it is: bao-cao-cchc-2022-H1-1.docx."""
    begun = ("bao-cao-" if name != NOTICE else "") if found.is_frozen else "du-thao-"
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{begun}{name}-{found.period}-{found.pk}.{suffix}"'
    )
    return response


@requires(Right.READ)
@require_safe
def review_docx(request: HttpRequest, pk: int) -> HttpResponse:
    """The review to be finished in Word; of a frozen one what was frozen."""
    # Here and not above: who never asks for a DOCX needs no memory for its library.
    from reports.docx import files as word

    found = review_for(request, pk)
    moment = found.frozen_at or found.created_at
    content = word.docx_bytes(
        print_view.print_context(document_of(found)), moment=moment, draft=not found.is_frozen
    )
    return download(found, content, DOCX, "docx")


@requires(Right.READ)
@require_safe
def review_xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """The review's figures with live formulas; of a frozen one what was frozen."""
    found = review_for(request, pk)
    made = workbook.review_xlsx_bytes(document_of(found), moment=moment_of(found), state=state_of(found))
    return download(found, made, KINDS["xlsx"], "xlsx", "so-lieu-cchc")


@requires(Right.READ)
@require_safe
def review_txt(request: HttpRequest, pk: int) -> HttpResponse:
    """A summary for the news page; of a frozen review from what was frozen."""
    found = review_for(request, pk)
    doc, told = document_of(found), meeting_of(found)
    made = texts.news_bytes(doc, told, source=source_of(found), draft=not found.is_frozen)
    return download(found, made, "text/plain; charset=utf-8", "txt", "tin-cchc")


@requires(Right.READ)
@require_safe
def review_notice(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The notice of the meeting's conclusions as PDF or DOCX; without conclusions the review's page says so (422)."""
    found = review_for(request, pk)
    told = meeting_of(found)
    if not texts.has_notice(told):
        return review_page(request, found, status=422, refused=NO_CONCLUSIONS)
    shown = texts.notice_context(document_of(found), told, unfrozen=not found.is_frozen)
    moment = found.frozen_at or found.created_at
    if kind == "docx":
        from reports.docx import files as word

        made = word.docx_bytes(shown, moment=moment, draft=not found.is_frozen, template=texts.TEMPLATE)
        return download(found, made, DOCX, kind, NOTICE)
    try:
        made = redraw_pdf(page_source(shown, moment, texts.TEMPLATE))
    except drawing.PdfNotDrawn as undrawn:
        return pdf_error_page(request, found, undrawn)
    return download(found, made, "application/pdf", kind, NOTICE)


@requires(Right.READ)
@require_safe
def review_hall(request: HttpRequest, pk: int) -> HttpResponse:
    """One figure at a time; of a frozen review what was frozen. All slides are in the page: once opened it needs no
    network.
    """
    found = review_for(request, pk)
    doc, told = document_of(found), meeting_of(found)
    marks = ([] if found.is_frozen else ["Dự thảo"]) + (["Số liệu minh họa"] if doc["demo"] else [])
    context = {
        "found": found,
        "doc": doc,
        "meeting": told,
        "marks": marks,
        "period_label": slides.period_label(doc),
        "whole": slides.completeness_line(doc),
        "slides": slides.slides(doc),
    }
    return render(request, "reports/review_files/projection.html", context)
