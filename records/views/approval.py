"""What a reviewer does: approve one or several months, return one with a reason."""

from collections.abc import Sequence

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cchc_dashboard import clock
from figures.periods import Month
from records import actions
from records.actions import Refused
from records.forms.approval import chosen_pairs
from records.forms.reasons import ReasonForm
from records.models import Edition, State, Submission
from records.queries.waiting import waiting, with_own_mark
from units import access
from units.access import Right
from units.models import User

from .fetch import acting, submission_for, worked_on
from .submission import page, refused
from .work_files import back_to_list

MOST_CELLS = 500


@acting(Right.APPROVE)
def approve(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST with the revision that was looked at."""
    try:
        actions.approve(worked_on(found), by=request.user, at=clock.now(), revision=_revision(request))
    except Refused as refusal:
        return refused(request, found, refusal)
    month = Month.from_number(found.month).label
    messages.success(
        request, f"Đã duyệt {found.unit.name}, {month}. Số liệu được tính vào tổng hợp và đã khóa."
    )
    return redirect("records:worklist")


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
    """POST `chosen` pairs "submission:revision": each is approved on its own, and what was not is named, among it
    what asks for a closer look. One that the user may not approve refuses all of them (404 or 403) before anything is
    changed.
    """
    if request.method != "POST":
        return redirect("records:worklist")
    try:
        chosen = chosen_pairs(request.POST.getlist("chosen"))
    except ValueError as fault:
        raise BadRequest(str(fault)) from fault
    found = [submission_for(request.user, pk, Right.APPROVE, request.day) for pk in chosen]
    with transaction.atomic():
        odd = _asking_for_a_look(found, request.user)
        plain = [one for one in found if one.pk not in odd]
        editions = [(worked_on(one), chosen[one.pk]) for one in plain]
        answers = actions.approve_all(editions, by=request.user, at=clock.now())
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
    return back_to_list(request)


def _asking_for_a_look(found: Sequence[Submission], reader: User) -> set[int]:
    """The numbers of those whose sent numbers are odd in some way, as the work list tells it."""
    sent = Edition.objects.filter(submission__in=found, state=State.SENT).select_related("submission__unit")
    listed = waiting(with_own_mark(sent, reader))
    return {one.edition.submission_id for one in listed if one.oddities and not one.own}


def _revision(request: HttpRequest) -> int:
    """What was looked at; -1, which no edition has, where the request does not say it."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
