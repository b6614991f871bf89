"""Opens a month, saves its grid, shows conflicts of two savers, fills in zeros, undoes and recalls."""

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
from records.errors import ActionRefused, StaleEdition
from records.history import CellChanges, changes_since
from records.models import Edition, FormFile, Submission
from records.submissions import actions, locks, uploads
from records.submissions.fetch import submission_action, working_edition_or_404
from records.submissions.lines import GridLine, grid_lines
from records.submissions.uploads import uploaded_form
from units.access.queries import unit_for

from .forms import EntryForm, OpenMonthForm, UndoForm
from .submission_page import render_refused, render_submission


def save_grid(
    request: HttpRequest, found: Submission, edition: Edition
) -> tuple[EntryForm, Edition, HttpResponse | None]:
    """Save what was typed: the edition as this saving left it, and an answer where that did not go through whole."""
    days = stored_calendar()
    end = days.span(Month.from_number(found.month)).end
    form = EntryForm(grid_lines(edition, Catalogue(days)), request.POST, day=end)
    form.is_valid()
    revision = form.cleaned_data.get("revision")
    if revision is None:
        return form, edition, render_submission(request, found, edition=edition, form=form, status=400)
    kept, at = _upload_of_choice(request, found), clock.now()
    save = partial(uploads.save_chosen_cells, kept) if kept else actions.save_counts
    try:
        edition = save(
            edition, form.rows(), by=request.user, revision=revision, at=at, reasons=form.reasons()
        )
    except StaleEdition as stale:
        return form, edition, render_conflict(request, found, form, stale, kept)
    except ActionRefused as refusal:
        return form, edition, render_refused(request, found, refusal, edition=edition, form=form)
    if form.errors:
        return form, edition, render_submission(request, found, edition=edition, form=form, status=400)
    return form, edition, None


def _upload_of_choice(request: HttpRequest, found: Submission) -> FormFile | None:
    """The upload whose cells were chosen after a clash: one of the reader's own, of this month, not stored yet."""
    kept = uploaded_form(request.POST["file"], request.user, clock.now()) if "file" in request.POST else None
    return kept if kept and kept.submission_id == found.pk and kept.stored_at is None else None


@dataclass(frozen=True)
class CellConflict:
    """A cell that two people changed: as typed and as stored."""

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
    """A reason that is not stored as it was typed; `theirs` is what is stored."""

    label: str
    name: str
    text: str
    theirs: str


def render_conflict(
    request: HttpRequest,
    found: Submission,
    form: EntryForm,
    stale: StaleEdition,
    kept: FormFile | None = None,
) -> HttpResponse:
    """409, nothing overwritten: both values of every cell that both sides changed, to choose from, with who and when.
    What only the sender changed goes along with the choice; what only the others changed stays as they left it.
    `kept`: the upload that the sender's values came from.
    """
    clashes, own = _conflicting_cells(
        form, stale, changes_since(found, form.cleaned_data["revision"], stale.edition.revision)
    )
    context = {
        "found": found,
        "unit": found.unit,
        "edition": stale.edition,
        "clashes": clashes,
        "own": own,
        "reasons": _reason_conflicts(form),
        "unread": form.faults(),
        # Go back to their boxes with their messages once the choice is saved.
        "unread_cells": [(name, form.data[name]) for name in form.errors if name in form.data],
        "message": stale.message,
        "kept": kept,
    }
    return render(request, "records/entry/conflict.html", context, status=409)


def _conflicting_cells(
    form: EntryForm, stale: StaleEdition, theirs: CellChanges | None
) -> tuple[list[CellConflict], list[tuple[str, str]]]:
    """The cells that both changed, and those that only the sender did, as typed. `theirs`: what others changed since;
    None where that is not known, and then every cell that differs is a clash.
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
    """The lines of the form hold what is stored now."""
    stored = {line.key: line for line in form.lines}
    return [
        ReasonConflict(line.label, line.name("reason"), typed or line.reason, line.reason)
        for key, typed in form.reasons().items()
        if (line := stored[key]).reason != typed.strip()
    ]


@web.requires(Right.ENTER)
def open_month(request: HttpRequest) -> HttpResponse:
    """POST unit and month: makes the submission where it is not there yet, and leads to it."""
    if request.method != "POST":
        return redirect("records:worklist")
    form = OpenMonthForm(request.POST)
    if not form.is_valid():
        raise Http404
    unit = unit_for(request.user, form.cleaned_data["unit"], request.day, Right.ENTER)
    days, month = stored_calendar(), form.cleaned_data["month"]
    try:
        locks.must_have_ended(month, days, request.day)
        found = actions.open_submission(unit, month, by=request.user, at=clock.now(), days=days)
    except ActionRefused as refusal:
        messages.error(request, refusal.message)
        return redirect("records:worklist")
    if form.cleaned_data["no_dossiers"]:
        return _zeros_filled(request, found, working_edition_or_404(found), "records:check")
    return redirect("records:submission", found.pk)


@submission_action(Right.ENTER)
def save_month(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the grid: what can be read is stored, what cannot stays in its box with its message (400)."""
    edition = working_edition_or_404(found)
    _, _, answer = save_grid(request, found, edition)
    if answer is not None:
        return answer
    messages.success(request, f"Đã lưu nháp lúc {timezone.localtime(clock.now()):%H:%M}.")
    return redirect("records:submission", found.pk)


@submission_action(Right.ENTER)
def report_no_dossiers(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the grid, or from the work list only its revision: saves it, then puts 0 into every blank cell. What was
    carried over stays, and where something was, what is still open is left to the clerk.
    """
    edition = working_edition_or_404(found)
    form, edition, answer = save_grid(request, found, edition)
    if answer is not None:
        return answer
    next_page = "records:submission" if form.has_cells else "records:check"
    return _zeros_filled(request, found, edition, next_page)


def _zeros_filled(request: HttpRequest, found: Submission, edition: Edition, next_page: str) -> HttpResponse:
    rows = {line.key: _zeros(line) for line in grid_lines(edition, Catalogue(stored_calendar()))}
    try:
        edition = actions.save_counts(
            edition, rows, by=request.user, revision=edition.revision, at=clock.now()
        )
    except ActionRefused as refusal:
        return render_refused(request, found, refusal)
    messages.success(request, "Đã điền 0 vào các ô để trống. Hãy xem lại rồi gửi.")
    return redirect(f"{reverse(next_page, args=[found.pk])}?da-dien={edition.revision}")


@submission_action(Right.ENTER)
def undo_saving(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST a revision: what the saving that led to it changed is put back, where nobody saved since."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        raise BadRequest("revision")
    edition, revision = working_edition_or_404(found), form.cleaned_data["revision"]
    saved = changes_since(found, revision - 1, revision) or {}
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
        return render_refused(request, found, refusal)
    messages.success(request, "Đã hoàn tác: các ô trở về như trước khi điền.")
    return redirect("records:submission", found.pk)


@submission_action(Right.ENTER)
def recall_month(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST: what was sent and is not decided yet becomes a draft again."""
    try:
        actions.recall_edition(working_edition_or_404(found), by=request.user, at=clock.now())
    except ActionRefused as refusal:
        return render_refused(request, found, refusal)
    messages.success(request, "Đã rút lại báo cáo để sửa. Sửa xong phải gửi lại.")
    return redirect("records:submission", found.pk)


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
