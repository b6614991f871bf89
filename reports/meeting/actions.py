"""Stores the meeting of a review; the frozen review stays as it is."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from reports.models import Meeting, Review
from reports.review_access.actions import StaleReview, changed_values, log_change

from .queries import meeting_of

OVERTAKEN = "Người khác vừa sửa thông tin hội nghị này."


@dataclass(frozen=True)
class MeetingText:
    """The meeting as it is typed; `directed` and `conclusions` may hold figures as tokens."""

    day: date | None = None
    place: str = ""
    chaired: str = ""
    attended: str = ""
    directed: str = ""
    conclusions: str = ""


@transaction.atomic
def record_meeting(
    review: Review, text: MeetingText, *, by: User | None, at: datetime, revision: int
) -> Meeting:
    """Store the meeting of a review, frozen or not; while it is not, day, place, chair and attendance go into its
    header too. Raises Stale where somebody else stored it since `revision`.
    """
    review = Review.objects.select_for_update(of=("self",)).get(pk=review.pk)
    before = meeting_of(review)
    if before.revision != revision:
        raise StaleReview(OVERTAKEN)
    given = asdict(text)
    changed = changed_values({name: getattr(before, name) for name in given}, given)
    row = Meeting.objects.filter(review=review).first() or Meeting(review=review, revision=0)
    if not changed and row.pk:
        return row
    for name, value in given.items():
        setattr(row, name, value)
    row.revision, row.saved_by, row.saved_at = row.revision + 1, str(by) if by else "", at
    row.save()
    if not review.is_frozen:
        review.header = {**review.header, **_header(text)}
        review.save(update_fields=["header"])
    log_change("review.meeting", review, by, at, {"changed": changed})
    return row


def _header(text: MeetingText) -> dict[str, Any]:
    return {
        "meeting_day": text.day.isoformat() if text.day else "",
        "meeting_place": text.place,
        "chaired": text.chaired,
        "attended": text.attended,
    }
