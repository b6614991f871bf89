"""Pages that download the Excel form of chosen months, upload it, preview its changes and save them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from core import clock, web
from core.text import ascii_name, parse_digits
from core.web import Right, attachment
from figures.periods import Month
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.entry.forms import EntryForm
from records.entry.submission_page import REFUSAL_STATUS, lock_context
from records.entry.views import render_conflict
from records.errors import ActionRefused, StaleEdition
from records.models import FormFile, Submission
from records.submissions import month_status, uploads
from records.submissions.fetch import editions_of, submission_or_404
from records.submissions.uploads import uploaded_form
from spreadsheets.table_writer import KINDS
from units.access.queries import memberships_of, require_right, unit_for
from units.models import Role, Unit

from .comparison import SheetComparison, UploadPreview, preview_upload
from .layout import UnitForm, unit_forms
from .workbook import form_workbook


def workbook_response(forms: Sequence[UnitForm], code: str, month: Month) -> HttpResponse:
    """The workbook to download; its file name is ASCII (acceptance S28)."""
    return xlsx_response(form_workbook([form.form for form in forms]), f"bieu-nhap-{code}-{month}")


def xlsx_response(content: bytes, name: str) -> HttpResponse:
    """A workbook as a download."""
    return attachment(HttpResponse(content, content_type=KINDS["xlsx"]), f"{ascii_name(name, 100)}.xlsx")


class FormUpload(forms.Form):
    """A workbook."""

    file = forms.FileField(
        label="Tệp Excel (.xlsx)",
        help_text="Biểu tải từ hệ thống này, đã điền; lưu bằng Excel, LibreOffice hoặc Google Trang tính đều được.",
        error_messages=dict.fromkeys(("required", "missing", "invalid"), "Hãy chọn tệp Excel.")
        | {"empty": "Tệp rỗng."},
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
    )


_STALE = "Báo cáo vừa được lưu ở nơi khác. Dưới đây là khác biệt so với số mới; hãy xem lại rồi ghi."


@web.requires(Right.ENTER)
def form_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: download and upload the form of a month. POST `file`: preview an upload; no figures are saved."""
    submission = submission_or_404(request.user, pk, Right.ENTER, request.day)
    if request.method != "POST":
        return render_form_page(request, submission, FormUpload())
    return handle_upload(request, submission)


def handle_upload(request: HttpRequest, submission: Submission | None, **context: Any) -> HttpResponse:
    """An upload for one month, or for all units of the user. 400 with every fault and its cell, else the preview. The
    file is stored for its owner where it can be marked or saved.
    """
    form = FormUpload(request.POST, request.FILES)
    if not form.is_valid():
        return render_form_page(request, submission, form, status=400, **context)
    file = form.cleaned_data["file"]
    if file.size > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES // 1024 // 1024
        return render(request, "413.html", {"limit": limit}, status=413)
    content = file.read()
    preview = preview_upload(request, content, submission)
    if not preview.checked:
        status = max((REFUSAL_STATUS.get(refusal.code, 400) for refusal in preview.refused), default=400)
        return render_form_page(request, submission, form, preview=preview, status=status, **context)
    upload = uploads.keep_uploaded_form(content, file.name, submission, by=request.user, at=clock.now())
    if preview.blocked:
        return _render_preview(request, upload, preview, status=_status(preview))
    if submission is not None and preview.checked[0].clashes:
        return _clash(request, submission, preview.checked[0], upload)
    return redirect("records:form_look", upload.token)


@web.requires(Right.SIGNED_IN)
def form_preview(request: HttpRequest, token: str) -> HttpResponse:
    """GET: what an upload would change. POST `seen`: save it, all or nothing; a second POST does nothing."""
    upload = _upload_or_404(request, token)
    if upload.stored_at is not None:
        messages.info(request, "Tệp này đã được ghi, không ghi lại.")
        return _page_of_upload(upload)
    preview = preview_upload(request, bytes(upload.content), upload.submission)
    if preview.blocked:
        return _render_preview(request, upload, preview, status=_status(preview))
    if upload.submission is not None and preview.checked[0].clashes:
        return _clash(request, upload.submission, preview.checked[0], upload)
    if request.method != "POST":
        return _render_preview(request, upload, preview)
    if request.POST.get("seen") != preview.seen:
        return _render_preview(request, upload, preview, message=_STALE, status=409)
    return _save_upload(request, upload, preview)


@web.requires(Right.SIGNED_IN)
@require_safe
def marked_workbook(request: HttpRequest, token: str) -> HttpResponse:
    """A copy of an upload in which cells with faults or warnings are coloured and commented."""
    upload = _upload_or_404(request, token)
    if upload.stored_at is not None:
        raise Http404
    preview = preview_upload(request, bytes(upload.content), upload.submission)
    if not preview.checked:
        raise Http404
    content = form_workbook([form.form for form in preview.forms], preview.copies())
    return xlsx_response(content, f"danh-dau-{preview.forms[0].form.code}-{preview.forms[0].form.month}")


def _upload_or_404(request: HttpRequest, token: str) -> FormFile:
    """The user's own upload; 404 where it has expired, or the user no longer enters figures for the unit."""
    upload = uploaded_form(token, request.user, clock.now())
    if upload is None:
        raise Http404
    if upload.submission is not None:
        require_right(request.user, Right.ENTER, upload.submission.unit, request.day)
    return upload


def _save_upload(request: HttpRequest, upload: FormFile, preview: UploadPreview) -> HttpResponse:
    try:
        uploads.save_uploaded_forms(
            upload, preview.filled(), by=request.user, at=clock.now(), days=stored_calendar()
        )
    except StaleEdition:
        again = preview_upload(request, bytes(upload.content), upload.submission)
        return _render_preview(request, upload, again, message=_STALE, status=409)
    except ActionRefused as refusal:
        return _render_preview(
            request, upload, preview, message=refusal.message, status=REFUSAL_STATUS.get(refusal.code, 400)
        )
    cells = sum(len(comparison.changes) for comparison in preview.changed)
    where = "" if upload.submission else f" của {len(preview.changed)} báo cáo"
    messages.success(request, f"Đã ghi {cells} ô{where} từ tệp, còn là bản nháp. Hãy kiểm tra rồi gửi.")
    return _page_of_upload(upload)


def _page_of_upload(upload: FormFile) -> HttpResponse:
    if upload.submission_id:
        return redirect("records:check", upload.submission_id)
    return redirect("records:worklist")


def _status(preview: UploadPreview) -> int:
    """423 for a lock, 409 for a state in which the month cannot be entered, 400 for faults of the file."""
    return max(
        (REFUSAL_STATUS.get(remark.code, 400) for remark in preview.remarks if remark.blocks), default=400
    )


def render_form_page(
    request: HttpRequest,
    submission: Submission | None,
    form: FormUpload,
    *,
    preview: UploadPreview | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """The page to download and upload forms; with `preview` after a refused upload."""
    context |= {"form": form, "weighed": preview, "limit": settings.UPLOAD_MAX_BYTES // 1024 // 1024}
    if submission is None:
        return render(request, "records/excel_form/forms.html", context, status=status)
    newest = editions_of(submission, request.user)[-1]
    context |= {"found": submission, "unit": submission.unit, "edition": newest}
    context |= lock_context(request, submission, newest)
    return render(request, "records/excel_form/form.html", context, status=status)


def _render_preview(
    request: HttpRequest, upload: FormFile, preview: UploadPreview, *, message: str = "", status: int = 200
) -> HttpResponse:
    remarks = preview.remarks
    context = {
        "kept": upload,
        "found": upload.submission,
        "weighed": preview,
        "told": message,
        "wrong": [remark for remark in remarks if remark.blocks],
        "odd": [remark for remark in remarks if not remark.blocks],
        "cells": sum(len(comparison.changes) for comparison in preview.checked),
        "others": sum(comparison.others for comparison in preview.checked),
    }
    return render(request, "records/excel_form/upload_preview.html", context, status=status)


def _clash(
    request: HttpRequest, submission: Submission, comparison: SheetComparison, upload: FormFile
) -> HttpResponse:
    """Two people changed the same cells: the entry page lets the user choose."""
    days = stored_calendar()
    end = days.span(Month.from_number(submission.month)).end
    names = {line.key: line for line in comparison.lines}
    typed = {"revision": str(comparison.sheet.sign.revision)}
    differing: dict[Any, dict[str, tuple]] = {}
    for change in comparison.changes:
        typed[change.name] = "" if change.after is None else str(change.after)
        if change.measure != "reason":
            differing.setdefault(change.key, {})[change.measure] = (change.after, change.before)
    form = EntryForm(names.values(), typed, day=end)
    form.is_valid()
    stale = StaleEdition(comparison.month.edition, differing)
    return render_conflict(request, submission, form, stale, upload)


MONTHS_BACK = 12
# Uploads accept at most 200 parts in a workbook.
MAX_SHEETS = 150


@web.requires(Right.READ)
@require_safe
def download_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a month with its stored figures."""
    submission = submission_or_404(request.user, pk, Right.READ, request.day)
    month = Month.from_number(submission.month)
    return workbook_response(
        unit_forms([submission.unit], month, Catalogue(stored_calendar())), submission.unit.code, month
    )


@web.requires(Right.SIGNED_IN)
def forms_page(request: HttpRequest) -> HttpResponse:
    """GET: choose unit and month of a workbook. POST `file`: a workbook with sheets of the user's units."""
    if request.method == "POST":
        return handle_upload(request, None, **_choices(request))
    return render_form_page(request, None, FormUpload(), **_choices(request))


@web.requires(Right.READ)
@require_safe
def download_forms(request: HttpRequest) -> HttpResponse:
    """`?unit=7&month=2022-M07`: a sheet for each unit, from this one down, that is expected to report."""
    days = stored_calendar()
    unit = unit_for(request.user, parse_digits(request.GET.get("unit", ""), 18), request.day)
    months = month_status.ended_months(request.day, days, MONTHS_BACK)
    month = next((month for month in months if str(month) == request.GET.get("month")), None)
    if month is None:
        raise Http404
    span = days.span(month)
    expected = Unit.objects.under(unit).expected_within(span.start, span.end).order_by("tier", "code", "pk")
    below = list(expected[: MAX_SHEETS + 1])
    if below and len(below) <= MAX_SHEETS:
        return workbook_response(unit_forms(below, month, Catalogue(days)), unit.code, month)
    message = (
        f"{unit.name} có hơn {MAX_SHEETS} đơn vị báo cáo. Hãy chọn đơn vị cấp dưới."
        if below
        else f"Không có đơn vị nào của {unit.name} phải báo cáo {month.label}."
    )
    return render_form_page(request, None, FormUpload(), status=400, told=message, **_choices(request))


def _choices(request: HttpRequest) -> dict[str, Any]:
    """Units (the user's own and groups directly below) and months to choose from."""
    memberships = memberships_of(request.user, request.day)
    units = {membership.unit_id: membership.unit for membership in memberships}
    for unit in Unit.objects.filter(parent__in=list(units), has_children=True).order_by("code", "pk"):
        units.setdefault(unit.pk, unit)
    return {
        "units": list(units.values()),
        "months": list(reversed(month_status.ended_months(request.day, stored_calendar(), MONTHS_BACK))),
        "clerk": any(membership.role == Role.CLERK for membership in memberships),
    }
