"""What the changes to reviews share: how they are refused, locked and logged."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ledger import log
from reports.models import Review
from units.models import User


class Refused(ValueError):
    """A change that cannot be, in Vietnamese words for whoever asked for it."""


class Stale(Refused):
    """What was changed or closed is not what whoever asked for it has seen: somebody else was there meanwhile."""


def opened(review: Review) -> Review:
    """The review under a lock, as long as it may still be changed."""
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.is_frozen:
        raise Refused("Báo cáo đã chốt số liệu, không sửa được nữa. Hãy lập bản thay thế.")
    return review


def note(action: str, review: Review, by: User | None, at: datetime, detail: dict[str, Any]) -> None:
    log.append(action, by=by, subject=subject(review), detail=detail, at=at)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What differs, for the log: name → old and new."""
    return {
        name: {"old": before[name], "new": value} for name, value in after.items() if before[name] != value
    }


def subject(review: Review) -> str:
    """How the log names a review."""
    return f"review:{review.pk}"
