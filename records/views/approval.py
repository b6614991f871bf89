"""What a reviewer does: approve one or several months, return one with a reason."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cchc_dashboard import clock
from records import actions
from records.actions import Refused
from records.forms import ReasonForm, chosen_pairs
from records.models import Submission
from units import access
from units.access import Right

from .fetch import acting, submission_for, worked_on
from .submission import page, refused

MOST_CELLS = 500


@acting(Right.APPROVE)
def approve(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST with the revision that was looked at."""
    try:
        actions.approve(worked_on(found), by=request.user, at=clock.now(), revision=_revision(request))
    except Refused as refusal:
        return refused(request, found, refusal)
    messages.success(request, "Đã duyệt. Số liệu được tính vào tổng hợp và đã khóa.")
    return redirect("records:submission", found.pk)


@acting(Right.APPROVE)
def send_back(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST a reason and the names of the cells it concerns."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return page(request, found, decision=form, status=400)
    cells = [name[:200] for name in request.POST.getlist("cells")[:MOST_CELLS]]
    try:
        actions.send_back(
            worked_on(found),
            reason=form.cleaned_data["reason"],
            marked_cells=cells,
            by=request.user,
            at=clock.now(),
        )
    except Refused as refusal:
        return refused(request, found, refusal, decision=form)
    messages.success(request, f"Đã trả lại {found.unit.name} để sửa.")
    return redirect("records:worklist")


@access.requires(Right.APPROVE)
def approve_batch(request: HttpRequest) -> HttpResponse:
    """POST `chosen` pairs "submission:revision": each is approved on its own, and what was not is named. One that
    the user may not approve refuses all of them (404 or 403) before anything is changed.
    """
    if request.method != "POST":
        return redirect("records:worklist")
    try:
        chosen = chosen_pairs(request.POST.getlist("chosen"))
    except ValueError as fault:
        raise BadRequest(str(fault)) from fault
    found = [submission_for(request.user, pk, Right.APPROVE, request.day) for pk in chosen]
    failed = []
    with transaction.atomic():
        for submission in found:
            try:
                actions.approve(
                    worked_on(submission), by=request.user, at=clock.now(), revision=chosen[submission.pk]
                )
            except Refused as refusal:
                failed.append(f"Chưa duyệt {submission.unit.name}: {refusal.message}")
    if done := len(found) - len(failed):
        messages.success(request, f"Đã duyệt {done} báo cáo.")
    for words in failed:
        messages.warning(request, words)
    if not found:
        messages.info(request, "Chưa chọn báo cáo nào.")
    return redirect("records:worklist")


def _revision(request: HttpRequest) -> int | None:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
