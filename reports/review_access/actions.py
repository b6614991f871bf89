"""What all changes to reviews share: how they are refused, locked and logged."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from ledger import log
from reports.models import Review


class ReviewError(ValueError):
    """A change that cannot be, in Vietnamese words for whoever asked for it."""


class StaleReview(ReviewError):
    """What was changed or closed is not what whoever asked for it has seen: somebody else was there meanwhile."""


def lock_open_review(review: Review) -> Review:
    """The review under a lock, as long as it may still be changed."""
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.is_frozen:
        raise ReviewError("Báo cáo đã chốt số liệu, không sửa được nữa. Hãy lập bản thay thế.")
    return review


def log_change(action: str, review: Review, by: User | None, at: datetime, detail: dict[str, Any]) -> None:
    log.append(action, by=by, subject=log_subject(review), detail=detail, at=at)


def changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What differs, for the log: name → old and new."""
    return {
        name: {"old": before[name], "new": value} for name, value in after.items() if before[name] != value
    }


def log_subject(review: Review) -> str:
    """How the log names a review."""
    return f"review:{review.pk}"


# Characters. A longer text is refused at entry (acceptance S25, a project figure); a section takes over what many units
# wrote, and so does what a unit writes for one.
LONGEST_TEXT = 10_000
LONGEST_SECTION = 200_000
