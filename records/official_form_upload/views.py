"""Upload an official form, preview what it would change, confirm."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core import clock, web
from core.web import Right
from figures.form_definitions import OfficialForm
from figures.formatting import format_count
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
    """GET the page; POST a file: keep it and redirect to its preview, or show its faults (422; 400: unreadable)."""
    submission = submission_or_404(request.user, pk, Right.ENTER, request.day)
    if request.method != "POST":
        return _render_official(request, submission, OfficialUpload())
    form = OfficialUpload(request.POST, request.FILES)
    if not form.is_valid():
        return _render_official(request, submission, form, status=422)
    file = form.cleaned_data["file"]
    content = file.read()
    preview = _compare(request, submission, _working_edition(submission), content)
    if not preview.usable:
        return _render_official(request, submission, form, preview, status=_status(preview))
    upload = uploads.keep_uploaded_form(content, file.name, submission, by=request.user, at=clock.now())
    return redirect("records:official_look", submission.pk, upload.token)


@web.requires(Right.ENTER)
def preview_official(request: HttpRequest, pk: int, token: str) -> HttpResponse:
    """GET: what an upload would change. POST `seen` (revision): store it, all or nothing; a second POST does nothing.
    404 for an upload that has expired or belongs to another month or user.
    """
    submission = submission_or_404(request.user, pk, Right.ENTER, request.day)
    upload = uploaded_form(token, request.user, clock.now())
    if upload is None or upload.submission_id != submission.pk:
        return _render_official(request, submission, OfficialUpload(), message=UPLOAD_EXPIRED, status=404)
    if upload.stored_at is not None:
        messages.info(request, "Tệp này đã được ghi, không ghi lại.")
        return redirect("records:submission", submission.pk)
    month = _working_edition(submission)
    preview = _compare(request, submission, month, bytes(upload.content))
    shown = {"upload": upload, "revision": month.edition.revision}
    if request.method != "POST" or not preview.usable:
        return _render_official(
            request, submission, OfficialUpload(), preview, status=_status(preview), **shown
        )
    if request.POST.get("seen") != str(month.edition.revision):
        return _render_official(
            request, submission, OfficialUpload(), preview, message=SAVED_ELSEWHERE, status=409, **shown
        )
    return _save_upload(request, submission, upload, month, preview)


def official_form(submission: Submission) -> OfficialForm:
    """The form in force when the month ended; 404 where there is none."""
    end = stored_calendar().span(Month.from_number(submission.month)).end
    form = official_forms().on(DOSSIER_FORM, end)
    if form is None:
        raise Http404
    return form


def _working_edition(submission: Submission) -> WorkingEdition:
    return working_editions(
        [submission.unit], Month.from_number(submission.month), DueDates(stored_calendar())
    )[0]


def _compare(
    request: HttpRequest, submission: Submission, month: WorkingEdition, content: bytes
) -> OfficialFormPreview:
    catalogue = Catalogue(stored_calendar())
    return compare_official_form(
        content, official_form(submission), month.edition, catalogue, by=request.user, at=clock.now()
    )


def _status(preview: OfficialFormPreview) -> int:
    if preview.refused is not None:
        return REFUSAL_STATUS.get(preview.refused.code, 422)
    if preview.faults:
        return 400 if preview.unreadable else 422
    return 200


def _save_upload(
    request: HttpRequest,
    submission: Submission,
    upload: FormFile,
    month: WorkingEdition,
    preview: OfficialFormPreview,
) -> HttpResponse:
    filled = FilledMonth(month, preview.rows, {})
    try:
        uploads.save_uploaded_forms(upload, [filled], by=request.user, at=clock.now(), days=stored_calendar())
    except (StaleEdition, ActionRefused) as refusal:
        month = _working_edition(submission)
        again = _compare(request, submission, month, bytes(upload.content))
        message = SAVED_ELSEWHERE if isinstance(refusal, StaleEdition) else refusal.message
        shown = {"upload": upload, "revision": month.edition.revision}
        status = REFUSAL_STATUS.get(refusal.code, 422)
        return _render_official(
            request, submission, OfficialUpload(), again, message=message, status=status, **shown
        )
    message = f"Đã ghi biểu: {format_count(len(preview.changes))} số thay đổi. Hãy kiểm tra rồi gửi."
    messages.success(request, message)
    return redirect("records:submission", submission.pk)


def _render_official(
    request: HttpRequest,
    submission: Submission,
    form: OfficialUpload,
    preview: OfficialFormPreview | None = None,
    *,
    upload: FormFile | None = None,
    revision: int | None = None,
    message: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "found": submission,
        "unit": submission.unit,
        "form": form,
        "official": official_form(submission),
        "reading": preview,
        "faults": preview.faults.listed() if preview else [],
        "kept": upload if preview and preview.usable else None,
        "seen": revision,
        "told": message,
    }
    return render(request, "records/official_form_upload/preview.html", context, status=status)
