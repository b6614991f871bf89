"""A month by its official form: upload, see what it would change, confirm. Between the two steps the file is kept for
its owner, as the Excel form is.
"""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from figures.forms import Form
from figures.periods import Month
from figures.writing import count
from records import actions
from records.actions import Filled, Refused, StaleEdition
from records.forms.uploads import OfficialUpload
from records.imports.official import Reading, read_form
from records.models import FormFile, Submission
from records.queries.at_hand import AtHand, at_hand
from records.queries.calendar import DueDates, calendar
from records.queries.catalogue import Catalogue
from records.queries.form_files import form_file_of
from records.queries.official_forms import DOSSIER_FORM, forms
from units import access
from units.access import Right

from .fetch import submission_for
from .submission import STATUS

TOO_OLD = "Tệp này không còn được giữ (quá một ngày, hoặc bạn đã nạp nhiều tệp khác). Hãy chọn lại tệp."
STALE = "Báo cáo vừa được lưu ở nơi khác. Dưới đây là khác biệt so với số mới; hãy xem lại rồi ghi."


@access.requires(Right.ENTER)
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """GET the page; POST a file: it is kept and leads to what it would change, or every fault is told by its cell (422;
    400 where it cannot be read). Nothing is written.
    """
    found = submission_for(request.user, pk, Right.ENTER, request.day)
    if request.method != "POST":
        return _page(request, found, OfficialUpload())
    form = OfficialUpload(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    file = form.cleaned_data["file"]
    content = file.read()
    reading = _read(request, found, _at_hand(found), content)
    if not reading.usable:
        return _page(request, found, form, reading, status=_status(reading))
    kept = actions.keep_form(content, file.name, found, by=request.user, at=clock.now())
    return redirect("records:official_look", found.pk, kept.token)


@access.requires(Right.ENTER)
def look(request: HttpRequest, pk: int, token: str) -> HttpResponse:
    """GET: what a kept upload would change. POST `seen`: store it, all or nothing; again, nothing happens. 404 for a
    file that is no longer kept, of another month, or of somebody else.
    """
    found = submission_for(request.user, pk, Right.ENTER, request.day)
    kept = form_file_of(token, request.user, clock.now())
    if kept is None or kept.submission_id != found.pk:
        return _page(request, found, OfficialUpload(), told=TOO_OLD, status=404)
    if kept.stored_at is not None:
        messages.info(request, "Tệp này đã được ghi, không ghi lại.")
        return redirect("records:submission", found.pk)
    month = _at_hand(found)
    reading = _read(request, found, month, bytes(kept.content))
    shown = {"kept": kept, "seen": month.edition.revision}
    if request.method != "POST" or not reading.usable:
        return _page(request, found, OfficialUpload(), reading, status=_status(reading), **shown)
    if request.POST.get("seen") != str(month.edition.revision):
        return _page(request, found, OfficialUpload(), reading, told=STALE, status=409, **shown)
    return _stored(request, found, kept, month, reading)


def official_form(found: Submission) -> Form:
    """The form that was in force when the month ended; 404 where there is none."""
    end = calendar().span(Month.from_number(found.month)).end
    form = forms().on(DOSSIER_FORM, end)
    if form is None:
        raise Http404
    return form


def _at_hand(found: Submission) -> AtHand:
    return at_hand([found.unit], Month.from_number(found.month), DueDates(calendar()))[0]


def _read(request: HttpRequest, found: Submission, month: AtHand, content: bytes) -> Reading:
    catalogue = Catalogue(calendar())
    return read_form(content, official_form(found), month.edition, catalogue, by=request.user, at=clock.now())


def _status(reading: Reading) -> int:
    if reading.refused is not None:
        return STATUS.get(reading.refused.code, 422)
    if reading.faults:
        return 400 if reading.unreadable else 422
    return 200


def _stored(
    request: HttpRequest, found: Submission, kept: FormFile, month: AtHand, reading: Reading
) -> HttpResponse:
    filled = Filled(month, reading.rows, {})
    try:
        actions.store_forms(kept, [filled], by=request.user, at=clock.now(), days=calendar())
    except (StaleEdition, Refused) as refusal:
        month = _at_hand(found)
        again = _read(request, found, month, bytes(kept.content))
        told = STALE if isinstance(refusal, StaleEdition) else refusal.message
        shown = {"kept": kept, "seen": month.edition.revision}
        status = STATUS.get(refusal.code, 422)
        return _page(request, found, OfficialUpload(), again, told=told, status=status, **shown)
    told = f"Đã ghi biểu: {count(len(reading.changes))} số thay đổi. Hãy kiểm tra rồi gửi."
    messages.success(request, told)
    return redirect("records:submission", found.pk)


def _page(
    request: HttpRequest,
    found: Submission,
    form: OfficialUpload,
    reading: Reading | None = None,
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
    return render(request, "records/official.html", context, status=status)
