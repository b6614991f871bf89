"""What the page of a submission says about its lock: why, since when, whom to ask, and the requests to open it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from cchc_dashboard import clock
from records.models import Edition, Submission
from records.queries.locks import lock_of
from units import access, answering
from units.access import Right

MOST_DECIDED = 3


def lock_part(request: HttpRequest, found: Submission, newest: Edition) -> dict[str, Any]:
    """`lock` of the newest edition, `waiting`: the undecided request, and what the reader may do about them."""
    user, day = request.user, request.day
    lock = lock_of(found, newest, clock.now(), day)
    asked = list(found.unlock_requests.all())
    waiting = next((one for one in asked if one.granted is None), None)
    mine = waiting is not None and waiting.requester_id == user.pk
    may_ask = lock is not None and access.allowed(user, Right.ASK_UNLOCK, found.unit, day)
    decides = waiting is not None and access.allowed(user, Right.APPROVE, found.unit, day)
    return {
        "lock": lock,
        "may_ask_unlock": may_ask and waiting is None,
        "waiting_unlock": waiting,
        "decides_unlock": decides and not mine,
        "own_unlock": mine,
        "unlock_decider": _decider(found, waiting.requester_id if waiting else user.pk, request)
        if waiting or may_ask
        else "",
        "decided_unlocks": [one for one in asked if one.granted is not None][:MOST_DECIDED],
        "open_until": found.open_until if lock is None else None,
        "unlock_hours": settings.UNLOCK_HOURS,
    }


def _decider(found: Submission, requester: int | None, request: HttpRequest) -> str:
    above = answering.approver_of(found.unit, request.day, other_than=requester)
    return above.name if above else ""
