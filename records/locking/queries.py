"""Requests to unlock a month: those of one submission, and those that wait for a person."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db.models import Q

from accounts.models import User
from records.models import UnlockRequest
from units.access.queries import memberships_of
from units.models import Membership, Role, Unit, subtree
from units.succession.positions import SuccessorPosition, stands_within, successors_of

MAX_REQUESTS = 100


def unlock_requests_for(user: User, day: date) -> list[UnlockRequest]:
    """Undecided requests that fall to the user, the oldest first, with submission and unit: the user is a reviewer at
    the nearest ancestor that has one besides the person who asked, or of a unit that is over the nearest above where
    it stands. Two queries, and one where units are over.
    """
    own = {one.unit_id: one.unit for one in memberships_of(user, day) if one.role == Role.REVIEWER}
    if not own:
        return []
    below = Q(pk__in=[])
    for unit in own.values():
        below |= subtree(unit.path)
    units = Unit.objects.filter(stands_within(below, day)).order_by()
    undecided = UnlockRequest.objects.filter(submission__unit__in=units, granted=None).exclude(requester=user)
    asked = list(undecided.select_related("submission__unit").order_by("requested_at", "pk"))
    heirs = successors_of([one.submission.unit for one in asked], day)
    ways = {one.pk: _paths_above(one.submission.unit, heirs) for one in asked}
    above = {number for several in ways.values() for way in several for number in way}
    reviewers: dict[int, set[int]] = defaultdict(set)
    held = Membership.objects.valid_on(day).filter(role=Role.REVIEWER, user__is_active=True, unit__in=above)
    for unit, person in held.values_list("unit_id", "user_id"):
        reviewers[unit].add(person)
    decided = {
        one.pk: {_nearest_reviewing_unit(way, reviewers, one.requester_id) for way in ways[one.pk]}
        for one in asked
    }
    return [one for one in asked if decided[one.pk] & own.keys()][:MAX_REQUESTS]


def declined_requests(submissions: Iterable[int], since: datetime) -> dict[int, UnlockRequest]:
    """By number of the submission: its newest request, where that was declined, and not before `since`. One query."""
    newest: dict[int, UnlockRequest] = {}
    for one in UnlockRequest.objects.filter(submission__in=list(submissions)).order_by("requested_at", "pk"):
        newest[one.submission_id] = one
    return {pk: one for pk, one in newest.items() if one.granted is False and one.decided_at >= since}


def _paths_above(unit: Unit, heirs: Mapping[int, SuccessorPosition]) -> list[list[int]]:
    """The units above, from the root down: in the tree that it was part of, and where it stands."""
    return [unit.ancestor_ids(), *([heirs[unit.pk].above()] if unit.pk in heirs else [])]


def _nearest_reviewing_unit(
    way: list[int], reviewers: Mapping[int, set[int]], requester: int | None
) -> int | None:
    """The number of the nearest unit above whose reviewers may decide."""
    return next((number for number in reversed(way) if reviewers[number] - {requester}), None)
