"""A month by its official form: upload, see what it would change, confirm.

Between the two steps the changes travel on the page, signed: nothing of them is stored, nobody else sees them.
"""

from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from figures.forms import Form
from figures.periods import Month
from figures.writing import count
from records.actions import Refused
from records.imports.official import Reading, read_form, write_form
from records.models import Edition, Submission
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.official_forms import DOSSIER_FORM, forms
from units import access
from units.access import Right

from .fetch import acting, submission_for, worked_on
from .submission import STATUS, refused

SALT = "records.official-form"
LASTS = 3600  # seconds between the reading and the confirming
TOO_OLD = "Đã quá một giờ từ khi đọc tệp, hoặc trang không còn đúng. Hãy chọn lại tệp."


class FormFile(django_forms.Form):
    """The one file."""

    file = django_forms.FileField(
        label="Tệp biểu (.xlsx)",
        help_text="Biểu tải từ đây, hoặc lập tay theo mẫu: phải có dòng đánh số cột (1), (2), (3)…",
        error_messages=dict.fromkeys(("required", "missing", "invalid"), "Hãy chọn tệp .xlsx.")
        | {"empty": "Tệp rỗng."},
        widget=django_forms.FileInput(attrs={"accept": ".xlsx"}),
    )


@access.requires(Right.ENTER)
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """GET the page; POST a file: what it would change (200), or every fault by its cell (422; 400 where it cannot be
    read). Nothing is written.
    """
    found = submission_for(request.user, pk, Right.ENTER, request.day)
    if request.method != "POST":
        return _page(request, found, FormFile())
    form = FormFile(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    edition = worked_on(found)
    reading = read_form(
        form.cleaned_data["file"],
        official_form(found),
        edition,
        Catalogue(calendar()),
        by=request.user,
        at=clock.now(),
    )
    if reading.refused is not None:
        return _page(request, found, form, reading, status=STATUS.get(reading.refused.code, 422))
    if reading.faults:
        return _page(request, found, form, reading, status=400 if reading.unreadable else 422)
    return _page(request, found, form, reading, token=_signed(request, edition, reading))


@acting(Right.ENTER)
def confirm(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the token of a reading: its changes are saved, all or none; 409 where somebody saved meanwhile."""
    try:
        held = signing.loads(request.POST.get("token", ""), salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        held = {}
    if (held.get("submission"), held.get("user")) != (found.pk, request.user.pk):
        return _page(request, found, FormFile(), told=TOO_OLD, status=422)
    rows = {(field, None): values for field, values in held["rows"]}
    edition = worked_on(found)
    try:
        write_form(rows, edition, revision=held["revision"], by=request.user, at=clock.now())
    except Refused as refusal:
        return refused(request, found, refusal)
    messages.success(request, f"Đã ghi biểu: {count(held['changes'])} số thay đổi. Hãy kiểm tra rồi gửi.")
    return redirect("records:submission", found.pk)


def official_form(found: Submission) -> Form:
    """The form that was in force when the month ended; 404 where there is none."""
    end = calendar().span(Month.from_number(found.month)).end
    form = forms().on(DOSSIER_FORM, end)
    if form is None:
        raise Http404
    return form


def _signed(request: HttpRequest, edition: Edition, reading: Reading) -> str:
    if not reading.usable:
        return ""
    held: dict[str, Any] = {
        "submission": edition.submission_id,
        "user": request.user.pk,
        "revision": edition.revision,
        "changes": len(reading.changes),
        "rows": [(field, values) for (field, _), values in reading.rows.items()],
    }
    return signing.dumps(held, salt=SALT, compress=True)


def _page(
    request: HttpRequest,
    found: Submission,
    form: FormFile,
    reading: Reading | None = None,
    *,
    token: str = "",
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
        "token": token,
        "told": told,
    }
    return render(request, "records/official.html", context, status=status)
