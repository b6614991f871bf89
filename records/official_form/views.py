"""Upload an official form, preview what it would change, confirm."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core import clock, web
from core.web import Right
from figures.formatting import format_count
from figures.official_forms import OfficialForm
from figures.periods import Month
from records.calendar.queries import DueDates, stored_calendar
from records.catalogue import Catalogue
from records.entry.submission_page import REFUSAL_STATUS
from records.errors import ActionRefused, StaleEdition
from records.models import FormFile, Submission
from records.submissions import uploads
from records.submissions.fetch import submission_or_404
from records.submissions.month_status import WorkingEdition, working_editions
from records.submissions.uploads import FilledMonth, uploaded_form

from .comparison import OfficialFormPreview, compare_official_form
from .reader import DOSSIER_FORM, official_forms


class OfficialUpload(forms.Form):
    """An official form."""

    file = forms.FileField(
        label="Tệp biểu (.xlsx)",
        help_text="Biểu tải từ đây, hoặc lập tay theo mẫu: phải có dòng đánh số cột (1), (2), (3)…",
        error_messages=dict.fromkeys(("required", "missing", "invalid"), "Hãy chọn tệp .xlsx.")
        | {"empty": "Tệp rỗng."},
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
    )


UPLOAD_EXPIRED = (
    "Tệp này không còn được giữ (quá một ngày, hoặc bạn đã nạp nhiều tệp khác). Hãy chọn lại tệp."
)
SAVED_ELSEWHERE = "Báo cáo vừa được lưu ở nơi khác. Dưới đây là khác biệt so với số mới; hãy xem lại rồi ghi."


@web.requires(Right.ENTER)
def upload_official(request: HttpRequest, pk: int) -> HttpResponse:
    """GET the page; POST a file: it is kept and leads to what it would change, or every fault is told by its cell (422;
    400 where it cannot be read). Nothing is written.
    """
    found = submission_or_404(request.user, pk, Right.ENTER, request.day)
    if request.method != "POST":
        return _render_official(request, found, OfficialUpload())
    form = OfficialUpload(request.POST, request.FILES)
    if not form.is_valid():
        return _render_official(request, found, form, status=422)
    file = form.cleaned_data["file"]
    content = file.read()
    reading = _compare(request, found, _working_edition(found), content)
    if not reading.usable:
        return _render_official(request, found, form, reading, status=_status(reading))
    kept = uploads.keep_uploaded_form(content, file.name, found, by=request.user, at=clock.now())
    return redirect("records:official_look", found.pk, kept.token)


@web.requires(Right.ENTER)
def preview_official(request: HttpRequest, pk: int, token: str) -> HttpResponse:
    """GET: what a kept upload would change. POST `seen`: store it, all or nothing; again, nothing happens. 404 for a
    file that is no longer kept, of another month, or of somebody else.
    """
    found = submission_or_404(request.user, pk, Right.ENTER, request.day)
    kept = uploaded_form(token, request.user, clock.now())
    if kept is None or kept.submission_id != found.pk:
        return _render_official(request, found, OfficialUpload(), told=UPLOAD_EXPIRED, status=404)
    if kept.stored_at is not None:
        messages.info(request, "Tệp này đã được ghi, không ghi lại.")
        return redirect("records:submission", found.pk)
    month = _working_edition(found)
    reading = _compare(request, found, month, bytes(kept.content))
    shown = {"kept": kept, "seen": month.edition.revision}
    if request.method != "POST" or not reading.usable:
        return _render_official(request, found, OfficialUpload(), reading, status=_status(reading), **shown)
    if request.POST.get("seen") != str(month.edition.revision):
        return _render_official(
            request, found, OfficialUpload(), reading, told=SAVED_ELSEWHERE, status=409, **shown
        )
    return _save_upload(request, found, kept, month, reading)


def official_form(found: Submission) -> OfficialForm:
    """The form that was in force when the month ended; 404 where there is none."""
    end = stored_calendar().span(Month.from_number(found.month)).end
    form = official_forms().on(DOSSIER_FORM, end)
    if form is None:
        raise Http404
    return form


def _working_edition(found: Submission) -> WorkingEdition:
    return working_editions([found.unit], Month.from_number(found.month), DueDates(stored_calendar()))[0]


def _compare(
    request: HttpRequest, found: Submission, month: WorkingEdition, content: bytes
) -> OfficialFormPreview:
    catalogue = Catalogue(stored_calendar())
    return compare_official_form(
        content, official_form(found), month.edition, catalogue, by=request.user, at=clock.now()
    )


def _status(reading: OfficialFormPreview) -> int:
    if reading.refused is not None:
        return REFUSAL_STATUS.get(reading.refused.code, 422)
    if reading.faults:
        return 400 if reading.unreadable else 422
    return 200


def _save_upload(
    request: HttpRequest,
    found: Submission,
    kept: FormFile,
    month: WorkingEdition,
    reading: OfficialFormPreview,
) -> HttpResponse:
    filled = FilledMonth(month, reading.rows, {})
    try:
        uploads.save_uploaded_forms(kept, [filled], by=request.user, at=clock.now(), days=stored_calendar())
    except (StaleEdition, ActionRefused) as refusal:
        month = _working_edition(found)
        again = _compare(request, found, month, bytes(kept.content))
        told = SAVED_ELSEWHERE if isinstance(refusal, StaleEdition) else refusal.message
        shown = {"kept": kept, "seen": month.edition.revision}
        status = REFUSAL_STATUS.get(refusal.code, 422)
        return _render_official(request, found, OfficialUpload(), again, told=told, status=status, **shown)
    told = f"Đã ghi biểu: {format_count(len(reading.changes))} số thay đổi. Hãy kiểm tra rồi gửi."
    messages.success(request, told)
    return redirect("records:submission", found.pk)


def _render_official(
    request: HttpRequest,
    found: Submission,
    form: OfficialUpload,
    reading: OfficialFormPreview | None = None,
    *,
    kept: FormFile | None = None,
    seen: int | None = None,
    told: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "found": found,
        "unit": found.unit,
        "form": form,
        "official": official_form(found),
        "reading": reading,
        "faults": reading.faults.told() if reading else [],
        "kept": kept if reading and reading.usable else None,
        "seen": seen,
        "told": told,
    }
    return render(request, "records/official_form/preview.html", context, status=status)
