"""Records the outcome of a task."""

from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from reports.models import PlanTask, TaskOutcome
from reports.review_access.actions import ReviewError, StaleReview, changed_values, log_change

OVERTAKEN = "Người khác vừa ghi kết quả nhiệm vụ này."


def outcome_version(task: PlanTask) -> str:
    """What the outcome's form carries, to tell whether somebody else was there meanwhile."""
    return task.outcome_at.isoformat() if task.outcome_at else ""


@transaction.atomic
def record_outcome(
    task: PlanTask,
    outcome: str,
    words: str,
    on: date | None,
    *,
    by: User | None,
    at: datetime,
    seen: str | None = None,
) -> PlanTask:
    """Store outcome, note and the day on which it was so. Raises Refused for an outcome that there is not and for a
    day after today; Stale where somebody else stored one since `seen` (`seen_mark`).
    """
    kept = PlanTask.objects.select_for_update(of=("self",)).select_related("review").get(pk=task.pk)
    if seen is not None and seen != outcome_version(kept):
        raise StaleReview(OVERTAKEN)
    if outcome not in TaskOutcome.values:
        raise ReviewError("Hãy chọn kết quả của nhiệm vụ.")
    given = {"outcome": outcome, "outcome_note": words, "outcome_on": on}
    changed = changed_values({name: getattr(kept, name) for name in given}, given)
    if not changed:
        return kept
    for name, value in given.items():
        setattr(kept, name, value)
    kept.outcome_by, kept.outcome_at = str(by) if by else "", at
    kept.save(update_fields=[*given, "outcome_by", "outcome_at"])
    log_change("review.task", kept.review, by, at, {"task": kept.pk, "text": kept.text, "changed": changed})
    return kept
