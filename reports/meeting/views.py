"""The page of a review's meeting, with its form."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core import clock
from core.web.rights import Right, requires
from reports.review_access import actions as review_access_actions
from reports.review_access.fields import REVISION, ReviewDayField, line_field, text_field
from reports.review_access.queries import review_for

from . import actions as meeting_actions
from .actions import MeetingText
from .queries import MeetingRecord, meeting_of


class MeetingForm(forms.Form):
    """Everything about a meeting; all of it may stay empty until it is known."""

    required_unmarked = True

    revision = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), REVISION),
    )
    day = ReviewDayField("Ngày hội nghị")
    place = line_field("Nơi họp")
    chaired = line_field("Chủ trì")
    attended = text_field("Thành phần dự", 3)
    directed = text_field("Ý kiến chỉ đạo tại hội nghị", 6)
    conclusions = text_field("Kết luận", 6)

    def __init__(self, data: Any, told: MeetingRecord) -> None:
        """`told`: the meeting as it is stored, shown while nothing was sent."""
        super().__init__(data, initial={name: getattr(told, name) for name in self.base_fields})

    def clean(self) -> dict[str, Any]:
        """A field that was not sent is not an emptied one."""
        if self.is_bound and any(name not in self.data for name in self.base_fields):
            raise forms.ValidationError(REVISION)
        return self.cleaned_data

    def meeting(self) -> MeetingText:
        """What was typed, of a valid form."""
        return MeetingText(**{name: value for name, value in self.cleaned_data.items() if name != "revision"})


@requires(Right.EDIT)
def review_meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what is known of the meeting; POST stores it, unless somebody else did so meanwhile (409)."""
    found = review_for(request, pk, Right.EDIT)
    form = MeetingForm(request.POST if request.method == "POST" else None, meeting_of(found))
    status, stale = 200, ""
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                meeting_actions.record_meeting(
                    found,
                    form.meeting(),
                    by=request.user,
                    at=clock.now(),
                    revision=form.cleaned_data["revision"],
                )
            except review_access_actions.StaleReview as refused:
                status, stale = 409, str(refused)
            else:
                messages.success(request, "Đã lưu thông tin hội nghị.")
                return redirect("review", pk)
    context = {"found": found, "form": form, "stale": stale}
    return render(request, "reports/meeting/meeting.html", context, status=status)
