"""The page of a review's meeting, open to its editors before and after the review is frozen."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from reports import actions
from reports.forms.meeting import MeetingForm
from reports.queries import meeting
from units.access import Right, requires

from .reviews import review_for


@requires(Right.EDIT)
def review_meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what is known of the meeting; POST stores it, unless somebody else did so meanwhile (409)."""
    found = review_for(request, pk, Right.EDIT)
    form = MeetingForm(request.POST if request.method == "POST" else None, meeting.of(found))
    status, stale = 200, ""
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                actions.record_meeting(
                    found,
                    form.meeting(),
                    by=request.user,
                    at=clock.now(),
                    revision=form.cleaned_data["revision"],
                )
            except actions.Stale as refused:
                status, stale = 409, str(refused)
            else:
                messages.success(request, "Đã lưu thông tin hội nghị.")
                return redirect("review", pk)
    context = {"found": found, "form": form, "stale": stale}
    return render(request, "reports/review/meeting.html", context, status=status)
