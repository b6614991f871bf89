"""Questions about tasks: which were set last time, what became of them, who answers for them."""

from datetime import date

from django.db.models import Case, F, Q, When

from figures.periods import Period
from reports.models import PlanTask, Review, ReviewState, TaskOutcome
from units import access
from units.models import Unit, User, subtree

_FIXED = (ReviewState.FROZEN, ReviewState.ISSUED)


def last_review(unit: Unit, period: Period) -> Review | None:
    """The review whose tasks a review of `period` tells the outcome of: of those whose period ended before that one
    ends, the latest; frozen before drafts, not those that another frozen one replaced. One query.
    """
    rows = Review.objects.filter(unit=unit).exclude(replaced_by__state__in=_FIXED).defer("frozen")
    before = [one for one in rows.order_by("pk") if (told := _parsed(one.period)) and told.last < period.last]
    return max(before, key=_rank, default=None)


def set_last_time(unit: Unit, period: Period) -> list[PlanTask]:
    """The tasks that the review before the one of `period` set, in their order, with `unit` read and their outcome as
    it stands now; none where there is no such review. Two queries.
    """
    last = last_review(unit, period)
    return list(last.tasks.select_related("unit")) if last else []


def to_tell(user: User, on: date, most: int | None = 200) -> list[PlanTask]:
    """The tasks of frozen reviews whose outcome a person enters: open ones first, the nearest deadline first. Reviews
    that another frozen one replaced set none. At most two queries.
    """
    own, below = [], Q(pk__in=[])
    for one in access.memberships(user, on):
        if one.role in access.ROLES[access.Right.ENTER]:
            own.append(one.unit_id)
        if one.role in access.ROLES[access.Right.EDIT]:
            below |= subtree(one.unit.path, "review__unit__path")
    rows = PlanTask.objects.filter(Q(unit__in=own) | below, review__state__in=_FIXED)
    rows = rows.exclude(review__replaced_by__state__in=_FIXED).select_related("unit", "review__unit")
    done = Case(When(outcome=TaskOutcome.OPEN, then=0), default=1)
    return list(rows.defer("review__frozen").order_by(done, F("deadline").asc(nulls_last=True), "pk")[:most])


def may_tell(user: User, task: PlanTask, on: date) -> bool:
    """Who enters what became of a task: an editor of the review's unit, a clerk of the unit that answers for it."""
    if access.allowed(user, access.Right.EDIT, task.review.unit, on):
        return True
    return task.unit is not None and access.allowed(user, access.Right.ENTER, task.unit, on)


def _parsed(code: str) -> Period | None:
    try:
        return Period.parse(code)
    except ValueError:
        return None


def _rank(review: Review) -> tuple:
    period = Period.parse(review.period)
    return period.last, review.is_frozen, period.first.number * -1, review.pk
