"""Sets and removes closing times; requests, grants and declines the unlocking of a month; lists the requests."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from figures.periods import Calendar, Month
from ledger import log
from records.calendar.queries import stored_calendar
from records.errors import ActionRefused, OwnRequest
from records.models import OPEN_STATES, ClosingTime, Edition, State, Submission, UnlockRequest
from records.submissions.actions import copy_edition
from records.submissions.editability import (
    ClosingTimes,
    binding_closing_time,
    closing_times_by_month,
    is_locked,
    required_reason,
    write_closing_times,
)
from records.submissions.edition_log import actor_name, log_edition
from units.access.queries import memberships_of
from units.models import Membership, Role, Unit, subtree
from units.succession.positions import SuccessorPosition, stands_within, successors_of

MAX_REQUESTS = 100


def unlock_requests_for(user: User, day: date) -> list[UnlockRequest]:
    """Undecided requests that the user may decide, the oldest first, with submission and unit: the user is a reviewer
    of the nearest ancestor that has one other than the requester; a closed unit has the ancestors of its successor
    too. Two queries, and one where units are closed.
    """
    own = {
        membership.unit_id: membership.unit
        for membership in memberships_of(user, day)
        if membership.role == Role.REVIEWER
    }
    if not own:
        return []
    below = Q(pk__in=[])
    for unit in own.values():
        below |= subtree(unit.path)
    units = Unit.objects.filter(stands_within(below, day)).order_by()
    undecided = UnlockRequest.objects.filter(submission__unit__in=units, granted=None).exclude(requester=user)
    requests = list(undecided.select_related("submission__unit").order_by("requested_at", "pk"))
    positions = successors_of([request.submission.unit for request in requests], day)
    paths = {request.pk: _paths_above(request.submission.unit, positions) for request in requests}
    above = {unit_id for several in paths.values() for path in several for unit_id in path}
    reviewers: dict[int, set[int]] = defaultdict(set)
    memberships = Membership.objects.valid_on(day).filter(
        role=Role.REVIEWER, user__is_active=True, unit__in=above
    )
    for unit, person in memberships.values_list("unit_id", "user_id"):
        reviewers[unit].add(person)
    deciders = {
        request.pk: {
            _nearest_reviewing_unit(path, reviewers, request.requester_id) for path in paths[request.pk]
        }
        for request in requests
    }
    return [request for request in requests if deciders[request.pk] & own.keys()][:MAX_REQUESTS]


def declined_requests(submissions: Iterable[int], since: datetime) -> dict[int, UnlockRequest]:
    """{submission id: its newest request}, where that was declined since `since`. One query."""
    newest: dict[int, UnlockRequest] = {}
    requests = UnlockRequest.objects.filter(submission__in=list(submissions))
    for request in requests.order_by("requested_at", "pk"):
        newest[request.submission_id] = request
    declined = (request for request in newest.values() if request.granted is False)
    return {request.submission_id: request for request in declined if request.decided_at >= since}


def _paths_above(unit: Unit, positions: Mapping[int, SuccessorPosition]) -> list[list[int]]:
    """Ids of the ancestors from the root down: its own, and for a closed unit those of its successor."""
    return [unit.ancestor_ids(), *([positions[unit.pk].above()] if unit.pk in positions else [])]


def _nearest_reviewing_unit(
    path: list[int], reviewers: Mapping[int, set[int]], requester: int | None
) -> int | None:
    """The id of the nearest unit above whose reviewers may decide."""
    return next((unit_id for unit_id in reversed(path) if reviewers[unit_id] - {requester}), None)


@transaction.atomic
def set_closing_time(
    unit: Unit, month: Month, closes_at: datetime, *, by: Any, at: datetime, days: Calendar | None = None
) -> ClosingTime:
    """Close a month for every unit below `unit` once `closes_at` (aware) is over; replaces what was set before.

    Binds existing submissions where this committee is the nearest above that closes the month; those returned since
    stay open. A moment in the past locks at once. Errors: ActionRefused("too_early") where the month has not ended
    by then.
    """
    end = (days or stored_calendar()).span(month).end
    if timezone.localdate(closes_at) <= end:
        raise ActionRefused("too_early", f"Giờ chốt phải sau ngày cuối của {month.label}.")
    stored = ClosingTime.objects.select_for_update().filter(unit=unit, month=month.number).first()
    before = stored.closes_at if stored else None
    if before == closes_at:
        return stored
    _log_closing_time("set", unit, month, closes_at, before, by, at)
    times = closing_times_by_month([month.number])[month.number]
    closing, _ = ClosingTime.objects.update_or_create(
        unit=unit, month=month.number, defaults={"closes_at": closes_at}
    )
    _rebind(unit, month, times, times | {unit.pk: closes_at})
    return closing


@transaction.atomic
def remove_closing_time(closing: ClosingTime, *, by: Any, at: datetime) -> None:
    """Remove a closing time; that of the next committee above binds instead, if there is one.

    Errors: ActionRefused("gone") where it was removed already.
    """
    locked = ClosingTime.objects.select_for_update(of=("self",)).select_related("unit").filter(pk=closing.pk)
    stored = locked.first()
    if stored is None:
        raise ActionRefused("gone", "Giờ chốt này đã được bỏ.")
    month = Month.from_number(stored.month)
    _log_closing_time("remove", stored.unit, month, None, stored.closes_at, by, at)
    times = closing_times_by_month([stored.month])[stored.month]
    stored.delete()
    rest = {unit: when for unit, when in times.items() if unit != stored.unit_id}
    _rebind(stored.unit, month, times, rest)


def _rebind(unit: Unit, month: Month, before: ClosingTimes, after: ClosingTimes) -> None:
    """Update the submissions below whose binding closing time changed."""
    changed = {}
    below = Submission.objects.filter(subtree(unit.path, "unit__path"), month=month.number)
    for submission in below.select_related("unit"):
        was, now = binding_closing_time(before, submission.unit), binding_closing_time(after, submission.unit)
        # A submission with another closing time was returned, and stays open.
        if was != now and submission.closes_at == was:
            changed[submission.pk] = now
    write_closing_times(changed)


def _log_closing_time(
    act: str,
    unit: Unit,
    month: Month,
    closes_at: datetime | None,
    before: datetime | None,
    by: Any,
    at: datetime,
) -> None:
    detail = {"unit": unit.code, "month": str(month), "closes_at": closes_at, "before": before}
    log.append(f"closing.{act}", by=by, subject=f"closing:{unit.pk}", detail=detail, at=at)


@transaction.atomic
def request_unlock(submission: Submission, *, reason: str, by: Any, at: datetime) -> UnlockRequest:
    """Request the unlocking of a month. Errors: ActionRefused("no_reason"), ActionRefused("not_locked"),
    ActionRefused("already_requested").
    """
    reason = required_reason(reason, "đề nghị mở khóa")
    submission = _locked_submission(submission)
    edition = _must_be_locked(submission, at)
    waiting = submission.unlock_requests.filter(granted=None).first()
    if waiting is not None:
        raise ActionRefused(
            "already_requested", f"{waiting.requested_by} đã đề nghị mở khóa, đang chờ quyết định."
        )
    request = UnlockRequest.objects.create(
        submission=submission,
        reason=reason,
        requested_at=at,
        requested_by=actor_name(by),
        requester=by,
    )
    log_edition("request_unlock", edition, by=by, at=at, detail={"reason": reason, "request": request.pk})
    return request


@transaction.atomic
def decide_unlock_request(
    request: UnlockRequest, *, grant: bool, answer: str = "", by: Any, at: datetime
) -> UnlockRequest:
    """Grant or decline (with an answer) another person's request, once.

    Granting opens this month for CCHC_UNLOCK_HOURS: an approved one as a draft copy, while the figures in
    force count until new ones are approved; one past its closing time as it is. The copy keeps its writers, so that
    nobody approves own entries. Errors: OwnRequest (403); ActionRefused("decided"), ActionRefused("not_locked"),
    ActionRefused("no_reason").
    """
    submission = _locked_submission(request.submission)
    request = UnlockRequest.objects.get(pk=request.pk)
    if by is not None and request.requester_id == by.pk:
        raise OwnRequest("Người đề nghị mở khóa không tự quyết định được; người khác ở cấp trên quyết định.")
    if request.granted is not None:
        verdict = "đồng ý" if request.granted else "không đồng ý"
        raise ActionRefused("decided", f"{request.decided_by} đã {verdict} với đề nghị này.")
    request.granted = grant
    request.answer = answer.strip() if grant else required_reason(answer, "không đồng ý")
    request.decided_at, request.decided_by = at, actor_name(by)
    detail: dict[str, Any] = {"request": request.pk, "reason": request.reason, "answer": request.answer}
    if grant:
        edition = _reopened_edition(submission, _must_be_locked(submission, at))
        request.open_until = at + timedelta(hours=settings.UNLOCK_HOURS)
        submission.open_until = request.open_until
        submission.save(update_fields=["open_until"])
        detail["open_until"] = request.open_until
    else:
        edition = _current_edition(submission)
    request.save()
    log_edition("unlock" if grant else "decline_unlock", edition, by=by, at=at, detail=detail)
    return request


def _locked_submission(submission: Submission) -> Submission:
    """Fetch the submission again with SELECT FOR UPDATE, so that actions on one month's lock wait for each other."""
    fresh = Submission.objects.select_for_update(of=("self",)).select_related("unit")
    return fresh.get(pk=submission.pk)


def _current_edition(submission: Submission) -> Edition:
    """The newest edition: the open one, else the one in force."""
    edition = submission.editions.order_by("-number").first()
    edition.submission = submission
    return edition


def _must_be_locked(submission: Submission, at: datetime) -> Edition:
    edition = _current_edition(submission)
    if not is_locked(submission, edition, at):
        raise ActionRefused("not_locked", "Báo cáo đang mở, không cần mở khóa.")
    return edition


def _reopened_edition(submission: Submission, edition: Edition) -> Edition:
    """The edition itself where it is open, else a draft copy of the one in force."""
    if edition.state in OPEN_STATES:
        return edition
    draft = copy_edition(submission.editions.get(state=State.APPROVED))
    draft.submission = submission
    return draft
