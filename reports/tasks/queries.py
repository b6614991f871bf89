"""Which tasks a person answers for, and which are overdue."""

from datetime import date

from django.db.models import Case, F, Q, When

from accounts.models import User
from core.web import rights
from reports.document.document import FROZEN_STATES
from reports.models import PlanTask, TaskOutcome
from units.access.queries import ROLES, is_allowed, memberships_of
from units.models import subtree


def tasks_to_report(user: User, on: date, most: int | None = 200) -> list[PlanTask]:
    """The tasks of frozen reviews whose outcome a person enters: open ones first, the nearest deadline first. Reviews
    that another frozen one replaced set none. At most two queries.
    """
    own, below = [], Q(pk__in=[])
    for one in memberships_of(user, on):
        if one.role in ROLES[rights.Right.ENTER]:
            own.append(one.unit_id)
        if one.role in ROLES[rights.Right.EDIT]:
            below |= subtree(one.unit.path, "review__unit__path")
    rows = PlanTask.objects.filter(Q(unit__in=own) | below, review__state__in=FROZEN_STATES)
    rows = rows.exclude(review__replaced_by__state__in=FROZEN_STATES).select_related("unit", "review__unit")
    done = Case(When(outcome=TaskOutcome.OPEN, then=0), default=1)
    return list(rows.defer("review__frozen").order_by(done, F("deadline").asc(nulls_last=True), "pk")[:most])


def may_report(user: User, task: PlanTask, on: date) -> bool:
    """Who enters what became of a task: an editor of the review's unit, a clerk of the unit that answers for it."""
    if is_allowed(user, rights.Right.EDIT, task.review.unit, on):
        return True
    return task.unit is not None and is_allowed(user, rights.Right.ENTER, task.unit, on)
