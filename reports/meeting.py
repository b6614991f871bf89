"""The meeting at which a review was presented: its page, and what other pages show of it."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from core import clock
from core.web import Right, requires

from . import review_access
from .models import Meeting, Review
from .review_access import (
    REVISION,
    ReviewDayField,
    StaleReview,
    changed_values,
    line_field,
    log_change,
    review_for,
    text_field,
)
from .review_text import bound_text


@dataclass(frozen=True)
class MeetingText:
    """The meeting as typed; `directed` and `conclusions` may contain figure tokens."""

    day: date | None = None
    place: str = ""
    chaired: str = ""
    attended: str = ""
    directed: str = ""
    conclusions: str = ""


@dataclass(frozen=True)
class MeetingRecord(MeetingText):
    """The meeting of a review. `directed` and `conclusions` are bound text; `revision` 0: never saved on its page."""

    revision: int = 0

    @property
    def directed_parts(self) -> tuple[bound_text.Paragraph, ...]:
        """The directions as paragraphs of runs."""
        return bound_text.parse_paragraphs(self.directed)

    @property
    def concluded_parts(self) -> tuple[bound_text.Paragraph, ...]:
        """The conclusions as paragraphs of runs."""
        return bound_text.parse_paragraphs(self.conclusions)


def meeting_of(review: Review) -> MeetingRecord:
    """The meeting of a review. Until freezing, day, place, chair and attendance come from the header, which the edit
    page writes too. One query.
    """
    row = Meeting.objects.filter(review=review).first()
    if row is None:
        return MeetingRecord(**_header(review))
    own = {"day": row.day, "place": row.place, "chaired": row.chaired, "attended": row.attended}
    first = own if review.is_frozen else _header(review)
    return MeetingRecord(**first, directed=row.directed, conclusions=row.conclusions, revision=row.revision)


def _header(review: Review) -> dict:
    header = review.header
    try:
        on = date.fromisoformat(header.get("meeting_day", ""))
    except ValueError:
        on = None
    words = {
        name: header.get(key, "")
        for name, key in (("place", "meeting_place"), ("chaired", "chaired"), ("attended", "attended"))
    }
    return {"day": on, **words}


OVERTAKEN = "Người khác vừa sửa thông tin hội nghị này."


@transaction.atomic
def record_meeting(
    review: Review, text: MeetingText, *, by: User | None, at: datetime, revision: int
) -> Meeting:
    """Store the meeting of a review, frozen or not; until freezing the header gets day, place, chair and attendance
    too. Raises StaleReview when somebody else has stored it since `revision`.
    """
    review = Review.objects.select_for_update(of=("self",)).get(pk=review.pk)
    before = meeting_of(review)
    if before.revision != revision:
        raise StaleReview(OVERTAKEN)
    values = asdict(text)
    changed = changed_values({name: getattr(before, name) for name in values}, values)
    row = Meeting.objects.filter(review=review).first() or Meeting(review=review, revision=0)
    if not changed and row.pk:
        return row
    for name, value in values.items():
        setattr(row, name, value)
    row.revision, row.saved_by, row.saved_at = row.revision + 1, str(by) if by else "", at
    row.save()
    if not review.is_frozen:
        review.header = {**review.header, **_header_of(text)}
        review.save(update_fields=["header"])
    log_change("review.meeting", review, by, at, {"changed": changed})
    return row


def _header_of(text: MeetingText) -> dict[str, Any]:
    return {
        "meeting_day": text.day.isoformat() if text.day else "",
        "meeting_place": text.place,
        "chaired": text.chaired,
        "attended": text.attended,
    }


class MeetingForm(forms.Form):
    """Everything about a meeting; every field is optional."""

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

    def __init__(self, data: Any, stored: MeetingRecord) -> None:
        super().__init__(data, initial={name: getattr(stored, name) for name in self.base_fields})

    def clean(self) -> dict[str, Any]:
        """Refuse a request without all fields: a missing field would otherwise be stored as empty."""
        if self.is_bound and any(name not in self.data for name in self.base_fields):
            raise forms.ValidationError(REVISION)
        return self.cleaned_data

    def meeting(self) -> MeetingText:
        """The cleaned values."""
        return MeetingText(**{name: value for name, value in self.cleaned_data.items() if name != "revision"})


@requires(Right.EDIT)
def review_meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the meeting's form; POST stores it, unless somebody else has done so meanwhile (409)."""
    review = review_for(request, pk, Right.EDIT)
    form = MeetingForm(request.POST if request.method == "POST" else None, meeting_of(review))
    status, stale = 200, ""
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                record_meeting(
                    review,
                    form.meeting(),
                    by=request.user,
                    at=clock.now(),
                    revision=form.cleaned_data["revision"],
                )
            except review_access.StaleReview as error:
                status, stale = 409, str(error)
            else:
                messages.success(request, "Đã lưu thông tin hội nghị.")
                return redirect("review", pk)
    context = {"found": review, "form": form, "stale": stale}
    return render(request, "reports/meeting/meeting.html", context, status=status)
