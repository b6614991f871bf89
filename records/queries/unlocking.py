"""Requests to unlock a month: those of one submission, and those that wait for a person."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import Q

from records.models import UnlockRequest
from units import access
from units.models import Membership, Role, User, subtree

MOST_LISTED = 100


def waiting_for(user: User, day: date) -> list[UnlockRequest]:
    """Undecided requests that fall to the user, the oldest first, with submission and unit: the user is a reviewer at
    the nearest ancestor that has one besides the person who asked. Two queries.
    """
    own = {one.unit_id: one.unit for one in access.memberships(user, day) if one.role == Role.REVIEWER}
    if not own:
        return []
    below = Q(pk__in=[])
    for unit in own.values():
        below |= subtree(unit.path, "submission__unit__path")
    undecided = UnlockRequest.objects.filter(below, granted=None).exclude(requester=user)
    asked = list(undecided.select_related("submission__unit").order_by("requested_at", "pk"))
    above = {number for one in asked for number in one.submission.unit.ancestor_ids()}
    reviewers: dict[int, set[int]] = defaultdict(set)
    held = Membership.objects.valid_on(day).filter(role=Role.REVIEWER, user__is_active=True, unit__in=above)
    for unit, person in held.values_list("unit_id", "user_id"):
        reviewers[unit].add(person)
    return [one for one in asked if _decided_at(one, reviewers) in own][:MOST_LISTED]


def declined(submissions: Iterable[int], since: datetime) -> dict[int, UnlockRequest]:
    """By number of the submission: its newest request, where that was declined, and not before `since`. One query."""
    newest: dict[int, UnlockRequest] = {}
    for one in UnlockRequest.objects.filter(submission__in=list(submissions)).order_by("requested_at", "pk"):
        newest[one.submission_id] = one
    return {pk: one for pk, one in newest.items() if one.granted is False and one.decided_at >= since}


def _decided_at(asked: UnlockRequest, reviewers: dict[int, set[int]]) -> int | None:
    """The number of the nearest unit above whose reviewers may decide."""
    for number in reversed(asked.submission.unit.ancestor_ids()):
        if reviewers[number] - {asked.requester_id}:
            return number
    return None
