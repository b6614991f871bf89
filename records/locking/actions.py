"""Sets and removes closing times; requests, grants and declines the unlocking of a month, and finds the
requests that wait.
"""

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
from records.submissions.locks import (
    ClosingTimes,
    actor_name,
    binding_closing_time,
    closing_times_by_month,
    is_locked,
    log_edition,
    required_reason,
    write_closing_times,
)
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


@transaction.atomic
def set_closing_time(
    unit: Unit, month: Month, closes_at: datetime, *, by: Any, at: datetime, days: Calendar | None = None
) -> ClosingTime:
    """Close a month for every unit below `unit` once `closes_at` (aware) is over; replaces what was set before.

    Existing submissions take it over where this committee is the nearest one above that closes the month; those that
    were returned since stay open. A moment that is over already locks at once. Errors: Refused("too_early") while the
    month has not ended by then.
    """
    end = (days or stored_calendar()).span(month).end
    if timezone.localdate(closes_at) <= end:
        raise ActionRefused("too_early", f"Giờ chốt phải sau ngày cuối của {month.label}.")
    kept = ClosingTime.objects.select_for_update().filter(unit=unit, month=month.number).first()
    before = kept.closes_at if kept else None
    if before == closes_at:
        return kept
    _log_closing_time("set", unit, month, closes_at, before, by, at)
    times = closing_times_by_month([month.number])[month.number]
    found, _ = ClosingTime.objects.update_or_create(
        unit=unit, month=month.number, defaults={"closes_at": closes_at}
    )
    _rebind(unit, month, times, times | {unit.pk: closes_at})
    return found


@transaction.atomic
def remove_closing_time(closing: ClosingTime, *, by: Any, at: datetime) -> None:
    """Take a closing time back: the next committee above that set one binds, else nothing does.

    Errors: Refused("gone") where somebody else did so first.
    """
    kept = ClosingTime.objects.select_for_update(of=("self",)).select_related("unit").filter(pk=closing.pk)
    found = kept.first()
    if found is None:
        raise ActionRefused("gone", "Giờ chốt này đã được bỏ.")
    month = Month.from_number(found.month)
    _log_closing_time("remove", found.unit, month, None, found.closes_at, by, at)
    times = closing_times_by_month([found.month])[found.month]
    found.delete()
    rest = {unit: when for unit, when in times.items() if unit != found.unit_id}
    _rebind(found.unit, month, times, rest)


def _rebind(unit: Unit, month: Month, before: ClosingTimes, after: ClosingTimes) -> None:
    """Rewrite the submissions below that are bound by something else than before."""
    changed = {}
    below = Submission.objects.filter(subtree(unit.path, "unit__path"), month=month.number)
    for one in below.select_related("unit"):
        was, now = binding_closing_time(before, one.unit), binding_closing_time(after, one.unit)
        # One that does not carry what bound it was returned, and so opened.
        if was != now and one.closes_at == was:
            changed[one.pk] = now
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
    """Ask for opening a locked month. Errors: Refused("no_reason"), Refused("not_locked"),
    Refused("already_requested").
    """
    reason = required_reason(reason, "đề nghị mở khóa")
    submission = _locked_submission(submission)
    edition = _must_be_locked(submission, at)
    waiting = submission.unlock_requests.filter(granted=None).first()
    if waiting is not None:
        raise ActionRefused(
            "already_requested", f"{waiting.requested_by} đã đề nghị mở khóa, đang chờ quyết định."
        )
    asked = UnlockRequest.objects.create(
        submission=submission,
        reason=reason,
        requested_at=at,
        requested_by=actor_name(by),
        requester=by,
    )
    log_edition("request_unlock", edition, by=by, at=at, detail={"reason": reason, "request": asked.pk})
    return asked


@transaction.atomic
def decide_unlock_request(
    asked: UnlockRequest, *, grant: bool, answer: str = "", by: Any, at: datetime
) -> UnlockRequest:
    """Grant or decline (with an answer) what somebody else asked for, once.

    Granting opens this month for CCHC_UNLOCK_HOURS: an approved one as a draft of the figures in force, which count on
    until new ones are approved; one past its closing time as it stands. Who wrote the figures stays known, so that
    nobody approves own entries through a copy. Errors: OwnRequest (403); Refused("decided"), Refused("not_locked"),
    Refused("no_reason").
    """
    submission = _locked_submission(asked.submission)
    asked = UnlockRequest.objects.get(pk=asked.pk)
    if by is not None and asked.requester_id == by.pk:
        raise OwnRequest("Người đề nghị mở khóa không tự quyết định được; người khác ở cấp trên quyết định.")
    if asked.granted is not None:
        done = "đồng ý" if asked.granted else "không đồng ý"
        raise ActionRefused("decided", f"{asked.decided_by} đã {done} với đề nghị này.")
    asked.granted, asked.answer = grant, answer.strip() if grant else required_reason(answer, "không đồng ý")
    asked.decided_at, asked.decided_by = at, actor_name(by)
    detail: dict[str, Any] = {"request": asked.pk, "reason": asked.reason, "answer": asked.answer}
    if grant:
        edition = _reopened_edition(submission, _must_be_locked(submission, at))
        asked.open_until = at + timedelta(hours=settings.UNLOCK_HOURS)
        submission.open_until = asked.open_until
        submission.save(update_fields=["open_until"])
        detail["open_until"] = asked.open_until
    else:
        edition = _current_edition(submission)
    asked.save()
    log_edition("unlock" if grant else "decline_unlock", edition, by=by, at=at, detail=detail)
    return asked


def _locked_submission(submission: Submission) -> Submission:
    """Read anew and locked until the transaction ends: acts on one month's lock wait for each other."""
    fresh = Submission.objects.select_for_update(of=("self",)).select_related("unit")
    return fresh.get(pk=submission.pk)


def _current_edition(submission: Submission) -> Edition:
    """The edition that is open, else the one in force."""
    edition = submission.editions.order_by("-number").first()
    edition.submission = submission
    return edition


def _must_be_locked(submission: Submission, at: datetime) -> Edition:
    edition = _current_edition(submission)
    if not is_locked(submission, edition, at):
        raise ActionRefused("not_locked", "Báo cáo đang mở, không cần mở khóa.")
    return edition


def _reopened_edition(submission: Submission, edition: Edition) -> Edition:
    """The edition to work on: itself where it is open, else a draft of what is in force."""
    if edition.state in OPEN_STATES:
        return edition
    draft = copy_edition(submission.editions.get(state=State.APPROVED))
    draft.submission = submission
    return draft
