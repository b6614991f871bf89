"""Asking for a locked month to be opened, and deciding on it: two people, one POST view each."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from cchc_dashboard import clock
from figures import writing
from records import actions
from records.actions import Refused
from records.forms.approval import UnlockForm
from records.forms.reasons import ReasonForm
from records.models import Submission
from units.access import Right

from .fetch import acting
from .submission import page, refused


@acting(Right.ASK_UNLOCK)
def ask_unlock(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST a reason: it waits for somebody else above to decide."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return page(request, found, unlocking=form, status=400)
    try:
        actions.request_unlock(found, reason=form.cleaned_data["reason"], by=request.user, at=clock.now())
    except Refused as refusal:
        return refused(request, found, refusal, unlocking=form)
    messages.success(request, "Đã gửi đề nghị mở khóa. Báo cáo mở ra khi cấp trên đồng ý.")
    return redirect("records:submission", found.pk)


@acting(Right.APPROVE)
def decide_unlock(request: HttpRequest, found: Submission) -> HttpResponse:
    """POST the number of the request, the verdict and an answer; 403 for the person who asked."""
    form = UnlockForm(request.POST)
    if not form.is_valid():
        return page(request, found, unlocking=form, status=400)
    asked = found.unlock_requests.filter(pk=form.cleaned_data["request"]).first()
    if asked is None:
        raise Http404
    grant = form.cleaned_data["verdict"] == UnlockForm.GRANT
    try:
        asked = actions.decide_unlock(
            asked, grant=grant, answer=form.cleaned_data["answer"], by=request.user, at=clock.now()
        )
    except Refused as refusal:
        return refused(request, found, refusal, unlocking=form)
    if grant:
        until = writing.moment(timezone.localtime(asked.open_until))
        messages.success(request, f"Đã mở khóa đến {until}; sau đó báo cáo tự khóa lại.")
    else:
        messages.success(request, "Đã trả lời không đồng ý mở khóa.")
    return redirect("records:submission", found.pk)
