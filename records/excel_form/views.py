"""Pages that download the Excel form of chosen months, upload it, preview its changes and save them."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from core import clock, web
from core.web import Right
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
from units.access.queries import memberships_of, require_right, unit_for
from units.models import Role, Unit

from .comparison import SheetComparison, UploadPreview, preview_upload
from .layout import UnitForm, unit_forms
from .workbook import form_workbook

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


def workbook_response(forms: Sequence[UnitForm], code: str, month: Month) -> HttpResponse:
    """The workbook to download, under a name of plain letters (acceptance S28)."""
    return xlsx_response(form_workbook([form.form for form in forms]), f"bieu-nhap-{code}-{month}")


def xlsx_response(content: bytes, name: str) -> HttpResponse:
    """A workbook to be saved by its reader."""
    answer = HttpResponse(content, content_type=XLSX_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{_UNSAFE.sub("-", name)[:100]}.xlsx"'
    return answer


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
    """GET: the form of a month, to download and bring back. POST `file`: looked at, kept for its owner, not stored."""
    found = submission_or_404(request.user, pk, Right.ENTER, request.day)
    if request.method != "POST":
        return render_form_page(request, found, FormUpload())
    return handle_upload(request, found)


def handle_upload(request: HttpRequest, found: Submission | None, **context: Any) -> HttpResponse:
    """An upload for one month, or for all that the reader enters for. 400 with every fault and its cell; else the
    differences. What can be marked in a copy, or stored, is kept for its owner.
    """
    form = FormUpload(request.POST, request.FILES)
    if not form.is_valid():
        return render_form_page(request, found, form, status=400, **context)
    file = form.cleaned_data["file"]
    if file.size > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES // 1024 // 1024
        return render(request, "413.html", {"limit": limit}, status=413)
    content = file.read()
    weighed = preview_upload(request, content, found)
    if not weighed.checked:
        status = max((REFUSAL_STATUS.get(one.code, 400) for one in weighed.refused), default=400)
        return render_form_page(request, found, form, weighed=weighed, status=status, **context)
    kept = uploads.keep_uploaded_form(content, file.name, found, by=request.user, at=clock.now())
    if weighed.blocked:
        return _render_preview(request, kept, weighed, status=_status(weighed))
    if found is not None and weighed.checked[0].clashes:
        return _clash(request, found, weighed.checked[0], kept)
    return redirect("records:form_look", kept.token)


@web.requires(Right.SIGNED_IN)
def form_preview(request: HttpRequest, token: str) -> HttpResponse:
    """GET: what a kept upload would change. POST `seen`: store it, all or nothing; again, nothing happens."""
    kept = _upload_or_404(request, token)
    if kept.stored_at is not None:
        messages.info(request, "Tệp này đã được ghi, không ghi lại.")
        return _page_of_upload(kept)
    weighed = preview_upload(request, bytes(kept.content), kept.submission)
    if weighed.blocked:
        return _render_preview(request, kept, weighed, status=_status(weighed))
    if kept.submission is not None and weighed.checked[0].clashes:
        return _clash(request, kept.submission, weighed.checked[0], kept)
    if request.method != "POST":
        return _render_preview(request, kept, weighed)
    if request.POST.get("seen") != weighed.seen:
        return _render_preview(request, kept, weighed, told=_STALE, status=409)
    return _save_upload(request, kept, weighed)


@web.requires(Right.SIGNED_IN)
@require_safe
def marked_workbook(request: HttpRequest, token: str) -> HttpResponse:
    """A copy of a kept upload in which every cell that is wrong or odd is coloured and says why."""
    kept = _upload_or_404(request, token)
    if kept.stored_at is not None:
        raise Http404
    weighed = preview_upload(request, bytes(kept.content), kept.submission)
    if not weighed.checked:
        raise Http404
    content = form_workbook([form.form for form in weighed.forms], weighed.copies())
    return xlsx_response(content, f"danh-dau-{weighed.forms[0].form.code}-{weighed.forms[0].form.month}")


def _upload_or_404(request: HttpRequest, token: str) -> FormFile:
    """The upload of its owner, who still enters for the unit; 404 for anybody else, and when its time is over."""
    kept = uploaded_form(token, request.user, clock.now())
    if kept is None:
        raise Http404
    if kept.submission is not None:
        require_right(request.user, Right.ENTER, kept.submission.unit, request.day)
    return kept


def _save_upload(request: HttpRequest, kept: FormFile, weighed: UploadPreview) -> HttpResponse:
    try:
        uploads.save_uploaded_forms(
            kept, weighed.filled(), by=request.user, at=clock.now(), days=stored_calendar()
        )
    except StaleEdition:
        again = preview_upload(request, bytes(kept.content), kept.submission)
        return _render_preview(request, kept, again, told=_STALE, status=409)
    except ActionRefused as refusal:
        return _render_preview(
            request, kept, weighed, told=refusal.message, status=REFUSAL_STATUS.get(refusal.code, 400)
        )
    cells = sum(len(one.changes) for one in weighed.changed)
    where = "" if kept.submission else f" của {len(weighed.changed)} báo cáo"
    messages.success(request, f"Đã ghi {cells} ô{where} từ tệp, còn là bản nháp. Hãy kiểm tra rồi gửi.")
    return _page_of_upload(kept)


def _page_of_upload(kept: FormFile) -> HttpResponse:
    return (
        redirect("records:check", kept.submission_id) if kept.submission_id else redirect("records:worklist")
    )


def _status(weighed: UploadPreview) -> int:
    """423 for a lock, 409 for a state that does not let the month be entered, 400 for what stands in the file."""
    return max(
        (REFUSAL_STATUS.get(remark.code, 400) for remark in weighed.remarks if remark.blocks), default=400
    )


def render_form_page(
    request: HttpRequest,
    found: Submission | None,
    form: FormUpload,
    *,
    weighed: UploadPreview | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """The page to download and bring back from; after an upload that is not taken, with why (`weighed`)."""
    context |= {"form": form, "weighed": weighed, "limit": settings.UPLOAD_MAX_BYTES // 1024 // 1024}
    if found is None:
        return render(request, "records/excel_form/forms.html", context, status=status)
    newest = editions_of(found, request.user)[-1]
    context |= {"found": found, "unit": found.unit, "edition": newest, **lock_context(request, found, newest)}
    return render(request, "records/excel_form/form.html", context, status=status)


def _render_preview(
    request: HttpRequest, kept: FormFile, weighed: UploadPreview, *, told: str = "", status: int = 200
) -> HttpResponse:
    remarks = weighed.remarks
    context = {
        "kept": kept,
        "found": kept.submission,
        "weighed": weighed,
        "told": told,
        "wrong": [remark for remark in remarks if remark.blocks],
        "odd": [remark for remark in remarks if not remark.blocks],
        "cells": sum(len(one.changes) for one in weighed.checked),
        "others": sum(one.kept for one in weighed.checked),
    }
    return render(request, "records/excel_form/upload_preview.html", context, status=status)


def _clash(request: HttpRequest, found: Submission, checked: SheetComparison, kept: FormFile) -> HttpResponse:
    """Two people changed the same cells: the page of the entry sheet asks which to keep."""
    days = stored_calendar()
    end = days.span(Month.from_number(found.month)).end
    names = {line.key: line for line in checked.lines}
    typed = {"revision": str(checked.sheet.sign.revision)}
    differing: dict[Any, dict[str, tuple]] = {}
    for change in checked.changes:
        typed[change.name] = "" if change.after is None else str(change.after)
        if change.measure != "reason":
            differing.setdefault(change.key, {})[change.measure] = (change.after, change.before)
    form = EntryForm(names.values(), typed, day=end)
    form.is_valid()
    return render_conflict(request, found, form, StaleEdition(checked.month.edition, differing), kept)


MONTHS_BACK = 12
# A workbook comes back through the gate of uploads, which takes 200 parts.
MAX_SHEETS = 150


@web.requires(Right.READ)
@require_safe
def download_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a month, with what is stored now."""
    found = submission_or_404(request.user, pk, Right.READ, request.day)
    month = Month.from_number(found.month)
    return workbook_response(
        unit_forms([found.unit], month, Catalogue(stored_calendar())), found.unit.code, month
    )


@web.requires(Right.SIGNED_IN)
def forms_page(request: HttpRequest) -> HttpResponse:
    """GET: choose unit and month of a workbook. POST `file`: a workbook with sheets of the reader's own units."""
    if request.method == "POST":
        return handle_upload(request, None, **_choices(request))
    return render_form_page(request, None, FormUpload(), **_choices(request))


@web.requires(Right.READ)
@require_safe
def download_forms(request: HttpRequest) -> HttpResponse:
    """`?unit=7&month=2022-M07`: a sheet for each unit at and below this one that owes a report of the month."""
    number, days = request.GET.get("unit", ""), stored_calendar()
    plain = number.isascii() and number.isdigit() and len(number) <= 18
    unit = unit_for(request.user, int(number) if plain else 0, request.day)
    months = month_status.ended_months(request.day, days, MONTHS_BACK)
    month = next((month for month in months if str(month) == request.GET.get("month")), None)
    if month is None:
        raise Http404
    span = days.span(month)
    owing = Unit.objects.under(unit).expected_within(span.start, span.end).order_by("tier", "code", "pk")
    below = list(owing[: MAX_SHEETS + 1])
    if below and len(below) <= MAX_SHEETS:
        return workbook_response(unit_forms(below, month, Catalogue(days)), unit.code, month)
    told = (
        f"{unit.name} có hơn {MAX_SHEETS} đơn vị báo cáo. Hãy chọn đơn vị cấp dưới."
        if below
        else f"Không có đơn vị nào của {unit.name} phải báo cáo {month.label}."
    )
    return render_form_page(request, None, FormUpload(), status=400, told=told, **_choices(request))


def _choices(request: HttpRequest) -> dict[str, Any]:
    """Units that the reader may ask a workbook of: those held, and the groups right below; and the months."""
    held = memberships_of(request.user, request.day)
    units = {one.unit_id: one.unit for one in held}
    for unit in Unit.objects.filter(parent__in=list(units), has_children=True).order_by("code", "pk"):
        units.setdefault(unit.pk, unit)
    return {
        "units": list(units.values()),
        "months": list(reversed(month_status.ended_months(request.day, stored_calendar(), MONTHS_BACK))),
        "clerk": any(one.role == Role.CLERK for one in held),
    }
