"""What a clerk does: open a month, save, fill in zeros, send, take back."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from cchc_dashboard import clock
from figures.measures import CLOSING, TRANSFERRED, measure_label
from figures.periods import Month
from figures.writing import count
from records import actions
from records.actions import Refused, StaleEdition
from records.forms import EntryForm, Line, OpenForm
from records.models import Edition, Submission
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.checks import Finding, check
from units import access
from units.access import Right

from .fetch import acting, worked_on
from .lines import lines_of
from .submission import page, refused


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
        if days.span(month).end >= request.day:
            raise Refused("too_early", f"Chưa mở được báo cáo {month.label}: kỳ báo cáo chưa kết thúc.")
        found = actions.open_submission(unit, month, by=request.user, at=clock.now(), days=days)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("records:worklist")
    return redirect("records:submission", found.pk)


@acting(Right.ENTER)
def save(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the grid: what can be read is stored, what cannot stays in its box with its message (400)."""
    edition = worked_on(found)
    form, answer = _store(request, found, edition)
    if answer is not None:
        return answer
    messages.success(request, f"Đã lưu nháp lúc {timezone.localtime(clock.now()):%H:%M}.")
    return redirect("records:submission", found.pk)


@acting(Right.ENTER)
def send(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the grid: saved, checked, and sent when nothing blocks; what is odd is shown once before."""
    edition = worked_on(found)
    form, answer = _store(request, found, edition)
    if answer is not None:
        return answer
    edition.refresh_from_db()
    catalogue = Catalogue(calendar())
    findings = check(edition, catalogue)
    lines = lines_of(edition, catalogue)
    odd = _oddities(findings, lines)
    if odd and not any(one.blocks for one in findings) and request.POST.get("seen") != odd:
        return page(request, found, edition=edition, confirm=odd)
    try:
        actions.send(edition, by=request.user, at=clock.now(), revision=edition.revision)
    except Refused as refusal:
        return refused(request, found, refusal, edition=edition)
    messages.success(request, "Đã gửi. Báo cáo đang chờ duyệt.")
    return redirect("records:submission", found.pk)


@acting(Right.ENTER)
def no_dossiers(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the grid: saves it, then puts 0 into every blank cell. What was carried over stays, and where something
    was, what is still open is left to the clerk.
    """
    edition = worked_on(found)
    form, answer = _store(request, found, edition)
    if answer is not None:
        return answer
    edition.refresh_from_db()
    rows = {line.key: _zeros(line) for line in lines_of(edition, Catalogue(calendar()))}
    try:
        actions.save_counts(edition, rows, by=request.user, revision=edition.revision, at=clock.now())
    except Refused as refusal:
        return refused(request, found, refusal)
    messages.success(request, "Đã điền 0 vào các ô để trống. Hãy xem lại rồi gửi.")
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


def _store(
    request: HttpRequest, found: Submission, edition: Edition
) -> tuple[EntryForm, HttpResponse | None]:
    """Save what was typed; an answer where that did not go through whole."""
    days = calendar()
    end = days.span(Month.from_number(found.month)).end
    form = EntryForm(lines_of(edition, Catalogue(days)), request.POST, day=end)
    form.is_valid()
    revision = form.cleaned_data.get("revision")
    if revision is None:
        return form, page(request, found, edition=edition, form=form, status=400)
    try:
        edition = actions.save_counts(
            edition,
            form.rows(),
            by=request.user,
            revision=revision,
            at=clock.now(),
            reasons=form.reasons(),
        )
    except StaleEdition as stale:
        return form, conflict(request, found, form, stale)
    except Refused as refusal:
        return form, refused(request, found, refusal, edition=edition, form=form)
    if form.errors:
        return form, page(request, found, edition=edition, form=form, status=400)
    return form, None


def _oddities(findings: Iterable[Finding], lines: list[Line]) -> str:
    """A mark of everything to be seen once before sending, which comes back from the page that showed it; empty
    where there is nothing.
    """
    told = [f"{one.field} {one.procedure} {one.message}" for one in findings if not one.blocks]
    told += [
        line.name(name)
        for line in lines
        for name in sorted(line.served.difference(TRANSFERRED))
        if line.values[name] is None
    ]
    return sha256("\n".join(told).encode()).hexdigest()[:32] if told else ""


def _zeros(line: Line) -> dict[str, int | None]:
    zeros: dict[str, int | None] = {
        name: 0 for name in line.served if line.values[name] is None and name not in TRANSFERRED
    }
    opening = line.values["opening"]
    if "opening" in zeros:
        opening = zeros["opening"] = line.proposed or 0
    if opening:
        zeros = {name: value for name, value in zeros.items() if name not in CLOSING}
    return zeros


@dataclass(frozen=True)
class Clash:
    """A cell that two people changed: as typed and as stored."""

    place: str
    name: str
    mine: str
    theirs: str
    mine_value: str
    theirs_value: str


@dataclass(frozen=True)
class ReasonTyped:
    """A reason that is not stored as it was typed; `theirs` is what is stored."""

    label: str
    name: str
    text: str
    theirs: str


def conflict(request: HttpRequest, found: Submission, form: EntryForm, stale: StaleEdition) -> HttpResponse:
    """409: both values of every cell that differs, to choose from, and the reasons typed; nothing is overwritten."""
    by_key = {line.key: line for line in form.lines}
    clashes = [
        Clash(
            place=f"{by_key[key].label}: {measure_label(measure, form.day)}",
            name=by_key[key].name(measure),
            mine=count(mine),
            theirs=count(theirs),
            mine_value="" if mine is None else str(mine),
            theirs_value="" if theirs is None else str(theirs),
        )
        for key, cells in stale.cells.items()
        for measure, (mine, theirs) in cells.items()
    ]
    context = {
        "found": found,
        "unit": found.unit,
        "edition": stale.edition,
        "clashes": clashes,
        "reasons": _reasons_typed(form),
        "unread": form.faults(),
        # Go back to their boxes with their messages once the choice is saved.
        "unread_cells": [(name, form.data[name]) for name in form.errors if name in form.data],
        "message": stale.message,
    }
    return render(request, "records/conflict.html", context, status=409)


def _reasons_typed(form: EntryForm) -> list[ReasonTyped]:
    """The lines of the form hold what is stored now."""
    stored = {line.key: line for line in form.lines}
    return [
        ReasonTyped(line.label, line.name("reason"), typed or line.reason, line.reason)
        for key, typed in form.reasons().items()
        if (line := stored[key]).reason != typed.strip()
    ]
