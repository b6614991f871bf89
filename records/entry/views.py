"""Views that open a month, save its grid, show conflicts, fill in zeros, undo a saving and recall."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from core import clock, web
from core.web import Right
from figures.formatting import format_count
from figures.measures import CLOSING, MEASURES, OPTIONAL, measure_label
from figures.periods import Month
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.change_history import CellChanges, changes_since
from records.errors import ActionRefused, StaleEdition
from records.models import Edition, FormFile, Submission
from records.submissions import actions, editability, uploads
from records.submissions.fetch import submission_action, working_edition_or_404
from records.submissions.lines import GridLine, grid_lines
from records.submissions.uploads import uploaded_form
from units.access.queries import unit_for

from .forms import EntryForm, OpenMonthForm, UndoForm
from .submission_page import render_refused, render_submission


def save_grid(
    request: HttpRequest, submission: Submission, edition: Edition
) -> tuple[EntryForm, Edition, HttpResponse | None]:
    """Save the posted grid: the form, the edition afterwards, and a response where not everything was saved."""
    days = stored_calendar()
    end = days.span(Month.from_number(submission.month)).end
    form = EntryForm(grid_lines(edition, Catalogue(days)), request.POST, day=end)
    form.is_valid()
    revision = form.cleaned_data.get("revision")
    if revision is None:
        return form, edition, render_submission(request, submission, edition=edition, form=form, status=400)
    upload, at = _upload_of_choice(request, submission), clock.now()
    save = partial(uploads.save_chosen_cells, upload) if upload else actions.save_counts
    try:
        edition = save(
            edition, form.rows(), by=request.user, revision=revision, at=at, reasons=form.reasons()
        )
    except StaleEdition as stale:
        return form, edition, render_conflict(request, submission, form, stale, upload)
    except ActionRefused as refusal:
        return form, edition, render_refused(request, submission, refusal, edition=edition, form=form)
    if form.errors:
        return form, edition, render_submission(request, submission, edition=edition, form=form, status=400)
    return form, edition, None


def _upload_of_choice(request: HttpRequest, submission: Submission) -> FormFile | None:
    """The reader's upload of this month whose cells were chosen after a conflict, if not stored yet."""
    upload = (
        uploaded_form(request.POST["file"], request.user, clock.now()) if "file" in request.POST else None
    )
    return upload if upload and upload.submission_id == submission.pk and upload.stored_at is None else None


@dataclass(frozen=True)
class CellConflict:
    """A cell that two people changed: typed and stored value."""

    place: str
    name: str
    mine: str
    theirs: str
    mine_value: str
    theirs_value: str
    by: str
    at: datetime | None


@dataclass(frozen=True)
class ReasonConflict:
    """A reason that differs from the stored one (`theirs`)."""

    label: str
    name: str
    text: str
    theirs: str


def render_conflict(
    request: HttpRequest,
    submission: Submission,
    form: EntryForm,
    stale: StaleEdition,
    upload: FormFile | None = None,
) -> HttpResponse:
    """409, nothing saved: a page to choose between both values of each conflicting cell, with who saved and when. Cells
    that only the sender changed are posted with the choice; those that only others changed stay.
    `upload`: where the sender's values came from.
    """
    clashes, own = _conflicting_cells(
        form, stale, changes_since(submission, form.cleaned_data["revision"], stale.edition.revision)
    )
    context = {
        "found": submission,
        "unit": submission.unit,
        "edition": stale.edition,
        "clashes": clashes,
        "own": own,
        "reasons": _reason_conflicts(form),
        "unread": form.faults(),
        # Posted again with the choice, so that their errors are shown.
        "unread_cells": [(name, form.data[name]) for name in form.errors if name in form.data],
        "message": stale.message,
        "kept": upload,
    }
    return render(request, "records/entry/conflict.html", context, status=409)


def _conflicting_cells(
    form: EntryForm, stale: StaleEdition, theirs: CellChanges | None
) -> tuple[list[CellConflict], list[tuple[str, str]]]:
    """The cells that both changed, and those that only the sender changed, as typed. `theirs`: the others' changes;
    None where unknown, and then every cell that differs conflicts.
    """
    lines = {line.key: line for line in form.lines}
    clashes, own = [], []
    for key, cells in stale.cells.items():
        for measure, (mine, stored) in cells.items():
            name = lines[key].name(measure)
            change = theirs.get(name) if theirs is not None else None
            if theirs is not None and change is None:
                own.append((name, _typed_text(mine)))
            elif change is None or mine != change.before:
                place = f"{lines[key].label}: {measure_label(measure, form.day)}"
                edition = stale.edition
                last = (change.by, change.at) if change else (edition.saved_by, edition.saved_at)
                values = format_count(mine), format_count(stored), _typed_text(mine), _typed_text(stored)
                clashes.append(CellConflict(place, name, *values, *last))
    return clashes, own


def _typed_text(value: int | None) -> str:
    return "" if value is None else str(value)


def _reason_conflicts(form: EntryForm) -> list[ReasonConflict]:
    """Reasons that differ from the stored ones, which the form's lines have."""
    stored = {line.key: line for line in form.lines}
    return [
        ReasonConflict(line.label, line.name("reason"), typed or line.reason, line.reason)
        for key, typed in form.reasons().items()
        if (line := stored[key]).reason != typed.strip()
    ]


@web.requires(Right.ENTER)
def open_month(request: HttpRequest) -> HttpResponse:
    """POST unit and month: creates the submission where there is none, and redirects to it."""
    if request.method != "POST":
        return redirect("records:worklist")
    form = OpenMonthForm(request.POST)
    if not form.is_valid():
        raise Http404
    unit = unit_for(request.user, form.cleaned_data["unit"], request.day, Right.ENTER)
    days, month = stored_calendar(), form.cleaned_data["month"]
    try:
        editability.must_have_ended(month, days, request.day)
        submission = actions.open_submission(unit, month, by=request.user, at=clock.now(), days=days)
    except ActionRefused as refusal:
        messages.error(request, refusal.message)
        return redirect("records:worklist")
    if form.cleaned_data["no_dossiers"]:
        return _fill_with_zeros(request, submission, working_edition_or_404(submission), "records:check")
    return redirect("records:submission", submission.pk)


@submission_action(Right.ENTER)
def save_month(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST the grid: valid cells are saved, invalid ones shown again with their messages (400)."""
    edition = working_edition_or_404(submission)
    _, _, answer = save_grid(request, submission, edition)
    if answer is not None:
        return answer
    messages.success(request, f"Đã lưu nháp lúc {timezone.localtime(clock.now()):%H:%M}.")
    return redirect("records:submission", submission.pk)


@submission_action(Right.ENTER)
def report_no_dossiers(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST the grid, or from the work list only its revision: saves it, then puts 0 into every blank cell. Openings
    stay, and rows with an opening keep their blank closing cells.
    """
    edition = working_edition_or_404(submission)
    form, edition, answer = save_grid(request, submission, edition)
    if answer is not None:
        return answer
    next_page = "records:submission" if form.has_cells else "records:check"
    return _fill_with_zeros(request, submission, edition, next_page)


def _fill_with_zeros(
    request: HttpRequest, submission: Submission, edition: Edition, next_page: str
) -> HttpResponse:
    rows = {line.key: _zeros(line) for line in grid_lines(edition, Catalogue(stored_calendar()))}
    try:
        edition = actions.save_counts(
            edition, rows, by=request.user, revision=edition.revision, at=clock.now()
        )
    except ActionRefused as refusal:
        return render_refused(request, submission, refusal)
    messages.success(request, "Đã điền 0 vào các ô để trống. Hãy xem lại rồi gửi.")
    return redirect(f"{reverse(next_page, args=[submission.pk])}?da-dien={edition.revision}")


@submission_action(Right.ENTER)
def undo_saving(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST a revision: restores the values from before that saving, where nobody saved since."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        raise BadRequest("revision")
    edition, revision = working_edition_or_404(submission), form.cleaned_data["revision"]
    saved = changes_since(submission, revision - 1, revision) or {}
    lines = grid_lines(edition, Catalogue(stored_calendar()))
    rows = {
        line.key: {name: saved[line.name(name)].before for name in MEASURES if line.name(name) in saved}
        for line in lines
    }
    reasons = {line.key: saved[line.name("reason")].before for line in lines if line.name("reason") in saved}
    try:
        actions.save_counts(
            edition, rows, by=request.user, revision=revision, at=clock.now(), reasons=reasons
        )
    except ActionRefused as refusal:
        return render_refused(request, submission, refusal)
    messages.success(request, "Đã hoàn tác: các ô trở về như trước khi điền.")
    return redirect("records:submission", submission.pk)


@submission_action(Right.ENTER)
def recall_month(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST: turns a sent, undecided month back into a draft."""
    try:
        actions.recall_edition(working_edition_or_404(submission), by=request.user, at=clock.now())
    except ActionRefused as refusal:
        return render_refused(request, submission, refusal)
    messages.success(request, "Đã rút lại báo cáo để sửa. Sửa xong phải gửi lại.")
    return redirect("records:submission", submission.pk)


def _zeros(line: GridLine) -> dict[str, int | None]:
    zeros: dict[str, int | None] = {
        name: 0 for name in line.served if line.values[name] is None and name not in OPTIONAL
    }
    opening = line.values["opening"]
    if "opening" in zeros:
        opening = zeros["opening"] = line.proposed or 0
    if opening:
        zeros = {name: value for name, value in zeros.items() if name not in CLOSING}
    return zeros
