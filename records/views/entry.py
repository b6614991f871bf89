"""What a clerk does with a month: open it, save it, fill in zeros, take it back."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from cchc_dashboard import clock
from figures.measures import CLOSING, MEASURES, OPTIONAL
from records import actions
from records.actions import Refused
from records.forms.grid import UndoForm
from records.forms.lines import Line
from records.forms.months import OpenForm
from records.models import Edition, Submission
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.changes import since
from units import access
from units.access import Right

from .fetch import acting, worked_on
from .lines import lines_of
from .storing import store
from .submission import refused


@access.requires(Right.ENTER)
def open_month(request: HttpRequest) -> HttpResponse:
    """POST unit and month: makes the submission where it is not there yet, and leads to it."""
    if request.method != "POST":
        return redirect("records:worklist")
    form = OpenForm(request.POST)
    if not form.is_valid():
        raise Http404
    unit = access.unit_for(request.user, form.cleaned_data["unit"], request.day, Right.ENTER)
    days, month = calendar(), form.cleaned_data["month"]
    try:
        actions.must_have_ended(month, days, request.day)
        found = actions.open_submission(unit, month, by=request.user, at=clock.now(), days=days)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("records:worklist")
    if form.cleaned_data["no_dossiers"]:
        return _zeros_filled(request, found, worked_on(found), "records:check")
    return redirect("records:submission", found.pk)


@acting(Right.ENTER)
def save(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the grid: what can be read is stored, what cannot stays in its box with its message (400)."""
    edition = worked_on(found)
    _, _, answer = store(request, found, edition)
    if answer is not None:
        return answer
    messages.success(request, f"Đã lưu nháp lúc {timezone.localtime(clock.now()):%H:%M}.")
    return redirect("records:submission", found.pk)


@acting(Right.ENTER)
def no_dossiers(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the grid, or from the work list only its revision: saves it, then puts 0 into every blank cell. What was
    carried over stays, and where something was, what is still open is left to the clerk.
    """
    edition = worked_on(found)
    form, edition, answer = store(request, found, edition)
    if answer is not None:
        return answer
    next_page = "records:submission" if form.has_cells else "records:check"
    return _zeros_filled(request, found, edition, next_page)


def _zeros_filled(request: HttpRequest, found: Submission, edition: Edition, next_page: str) -> HttpResponse:
    rows = {line.key: _zeros(line) for line in lines_of(edition, Catalogue(calendar()))}
    try:
        edition = actions.save_counts(
            edition, rows, by=request.user, revision=edition.revision, at=clock.now()
        )
    except Refused as refusal:
        return refused(request, found, refusal)
    messages.success(request, "Đã điền 0 vào các ô để trống. Hãy xem lại rồi gửi.")
    return redirect(f"{reverse(next_page, args=[found.pk])}?da-dien={edition.revision}")


@acting(Right.ENTER)
def undo(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST a revision: what the saving that led to it changed is put back, where nobody saved since."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        raise BadRequest("revision")
    edition, revision = worked_on(found), form.cleaned_data["revision"]
    saved = since(found, revision - 1, revision) or {}
    lines = lines_of(edition, Catalogue(calendar()))
    rows = {
        line.key: {name: saved[line.name(name)].before for name in MEASURES if line.name(name) in saved}
        for line in lines
    }
    reasons = {line.key: saved[line.name("reason")].before for line in lines if line.name("reason") in saved}
    try:
        actions.save_counts(
            edition, rows, by=request.user, revision=revision, at=clock.now(), reasons=reasons
        )
    except Refused as refusal:
        return refused(request, found, refusal)
    messages.success(request, "Đã hoàn tác: các ô trở về như trước khi điền.")
    return redirect("records:submission", found.pk)


@acting(Right.ENTER)
def recall(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST: what was sent and is not decided yet becomes a draft again."""
    try:
        actions.recall(worked_on(found), by=request.user, at=clock.now())
    except Refused as refusal:
        return refused(request, found, refusal)
    messages.success(request, "Đã rút lại báo cáo để sửa. Sửa xong phải gửi lại.")
    return redirect("records:submission", found.pk)


def _zeros(line: Line) -> dict[str, int | None]:
    zeros: dict[str, int | None] = {
        name: 0 for name in line.served if line.values[name] is None and name not in OPTIONAL
    }
    opening = line.values["opening"]
    if "opening" in zeros:
        opening = zeros["opening"] = line.proposed or 0
    if opening:
        zeros = {name: value for name, value in zeros.items() if name not in CLOSING}
    return zeros
