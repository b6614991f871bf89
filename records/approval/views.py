"""Views that approve one or several months, or return one with a reason."""

from collections.abc import Iterable, Sequence

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from core import clock, web
from core.text import parse_digits
from core.web import Right
from figures.periods import Month
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
    """{submission id: revision that the reviewer saw}: ["12:3"] → {12: 3}.

    Errors: ValueError for anything else.
    """
    pairs = {}
    for value in values:
        pk_text, _, revision_text = value.partition(":")
        pk, revision = parse_digits(pk_text, 18), parse_digits(revision_text, 9)
        if pk < 0 or revision < 0:
            raise ValueError("Danh sách báo cáo đã chọn không đúng.")
        pairs[pk] = revision
    return pairs


MAX_CELLS = 500


@submission_action(Right.APPROVE)
def approve_month(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST the revision that the reviewer saw."""
    try:
        actions.approve_edition(
            working_edition_or_404(submission),
            by=request.user,
            at=clock.now(),
            revision=parse_digits(request.POST.get("revision", ""), 9),
        )
    except ActionRefused as refusal:
        return render_refused(request, submission, refusal)
    month = Month.from_number(submission.month).label
    messages.success(
        request, f"Đã duyệt {submission.unit.name}, {month}. Số liệu được tính vào tổng hợp và đã khóa."
    )
    return redirect("records:worklist")


@submission_action(Right.APPROVE)
def return_month(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST a reason and the names of the cells it concerns."""
    form = MonthReasonForm(request.POST)
    if not form.is_valid():
        return render_submission(request, submission, decision=form, status=400)
    cells = [name[:200] for name in request.POST.getlist("cells")[:MAX_CELLS]]
    try:
        actions.return_edition(
            working_edition_or_404(submission),
            reason=form.cleaned_data["reason"],
            marked_cells=cells,
            by=request.user,
            at=clock.now(),
        )
    except ActionRefused as refusal:
        return render_refused(request, submission, refusal, decision=form)
    messages.success(request, f"Đã trả lại {submission.unit.name} để sửa.")
    return redirect("records:worklist")


@web.requires(Right.APPROVE)
def approve_months(request: HttpRequest) -> HttpResponse:
    """POST `chosen` pairs "submission:revision": approves each on its own, and names those that were refused or have
    warnings. One that the user may not approve refuses them all (404 or 403) before anything is changed.
    """
    if request.method != "POST":
        return redirect("records:worklist")
    try:
        chosen = chosen_revisions(request.POST.getlist("chosen"))
    except ValueError as fault:
        raise BadRequest(str(fault)) from fault
    submissions = [submission_or_404(request.user, pk, Right.APPROVE, request.day) for pk in chosen]
    with transaction.atomic():
        odd = _odd_editions(submissions, request.user)
        plain = [submission for submission in submissions if submission.pk not in odd]
        editions = [(working_edition_or_404(submission), chosen[submission.pk]) for submission in plain]
        answers = actions.approve_editions(editions, by=request.user, at=clock.now())
    failed = [
        f"Chưa duyệt {submission.unit.name}: có điều cần xem, mở báo cáo ra xem rồi duyệt."
        for submission in submissions
        if submission.pk in odd
    ]
    failed += [
        f"Chưa duyệt {submission.unit.name}: {refusal.message}"
        for submission, refusal in zip(plain, answers, strict=True)
        if refusal
    ]
    if approved := len(submissions) - len(failed):
        messages.success(request, f"Đã duyệt {approved} báo cáo.")
    for words in failed:
        messages.warning(request, words)
    if not submissions:
        messages.info(request, "Chưa chọn báo cáo nào.")
    return redirect_to_worklist(request)


def _odd_editions(submissions: Sequence[Submission], reader: User) -> set[int]:
    """Ids of those with warnings, as the work list shows them."""
    sent = Edition.objects.filter(submission__in=submissions, state=State.SENT).select_related(
        "submission__unit"
    )
    listed = waiting_editions(with_own_mark(sent, reader))
    return {waiting.edition.submission_id for waiting in listed if waiting.oddities and not waiting.own}
