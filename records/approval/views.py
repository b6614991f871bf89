"""A reviewer approves one or several months, or returns one with a reason."""

from collections.abc import Iterable, Sequence

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from core import clock, web
from core.web import Right
from figures.periods import Month
from records.entry.forms import is_plain_number
from records.entry.submission_page import render_refused, render_submission
from records.errors import ActionRefused
from records.models import Edition, State, Submission
from records.submissions.fetch import (
    redirect_to_worklist,
    submission_action,
    submission_or_404,
    with_own_mark,
    working_edition_or_404,
)
from records.submissions.lines import MonthReasonForm

from . import actions
from .queries import waiting_editions


def chosen_revisions(values: Iterable[str]) -> dict[int, int]:
    """Submissions ticked for approval, each with the revision that was looked at: ["12:3"] → {12: 3}.

    Errors: ValueError for anything else.
    """
    pairs = {}
    for value in values:
        number, sign, revision = value.partition(":")
        if not (sign and is_plain_number(number, 18) and is_plain_number(revision, 9)):
            raise ValueError("Danh sách báo cáo đã chọn không đúng.")
        pairs[int(number)] = int(revision)
    return pairs


MAX_CELLS = 500


@submission_action(Right.APPROVE)
def approve_month(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST with the revision that was looked at."""
    try:
        actions.approve_edition(
            working_edition_or_404(found), by=request.user, at=clock.now(), revision=_posted_revision(request)
        )
    except ActionRefused as refusal:
        return render_refused(request, found, refusal)
    month = Month.from_number(found.month).label
    messages.success(
        request, f"Đã duyệt {found.unit.name}, {month}. Số liệu được tính vào tổng hợp và đã khóa."
    )
    return redirect("records:worklist")


@submission_action(Right.APPROVE)
def return_month(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST a reason and the names of the cells it concerns."""
    form = MonthReasonForm(request.POST)
    if not form.is_valid():
        return render_submission(request, found, decision=form, status=400)
    cells = [name[:200] for name in request.POST.getlist("cells")[:MAX_CELLS]]
    try:
        actions.return_edition(
            working_edition_or_404(found),
            reason=form.cleaned_data["reason"],
            marked_cells=cells,
            by=request.user,
            at=clock.now(),
        )
    except ActionRefused as refusal:
        return render_refused(request, found, refusal, decision=form)
    messages.success(request, f"Đã trả lại {found.unit.name} để sửa.")
    return redirect("records:worklist")


@web.requires(Right.APPROVE)
def approve_months(request: HttpRequest) -> HttpResponse:
    """POST `chosen` pairs "submission:revision": each is approved on its own, and what was not is named, among it
    what asks for a closer look. One that the user may not approve refuses all of them (404 or 403) before anything is
    changed.
    """
    if request.method != "POST":
        return redirect("records:worklist")
    try:
        chosen = chosen_revisions(request.POST.getlist("chosen"))
    except ValueError as fault:
        raise BadRequest(str(fault)) from fault
    found = [submission_or_404(request.user, pk, Right.APPROVE, request.day) for pk in chosen]
    with transaction.atomic():
        odd = _odd_editions(found, request.user)
        plain = [one for one in found if one.pk not in odd]
        editions = [(working_edition_or_404(one), chosen[one.pk]) for one in plain]
        answers = actions.approve_editions(editions, by=request.user, at=clock.now())
    failed = [
        f"Chưa duyệt {one.unit.name}: có điều cần xem, mở báo cáo ra xem rồi duyệt."
        for one in found
        if one.pk in odd
    ]
    failed += [
        f"Chưa duyệt {one.unit.name}: {refusal.message}"
        for one, refusal in zip(plain, answers, strict=True)
        if refusal
    ]
    if done := len(found) - len(failed):
        messages.success(request, f"Đã duyệt {done} báo cáo.")
    for words in failed:
        messages.warning(request, words)
    if not found:
        messages.info(request, "Chưa chọn báo cáo nào.")
    return redirect_to_worklist(request)


def _odd_editions(found: Sequence[Submission], reader: User) -> set[int]:
    """The numbers of those whose sent numbers are odd in some way, as the work list tells it."""
    sent = Edition.objects.filter(submission__in=found, state=State.SENT).select_related("submission__unit")
    listed = waiting_editions(with_own_mark(sent, reader))
    return {one.edition.submission_id for one in listed if one.oddities and not one.own}


def _posted_revision(request: HttpRequest) -> int:
    """What was looked at; -1, which no edition has, where the request does not say it."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
