"""Unlocking by two people: one asks with a reason, another one decides; what is opened closes again by itself."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from records.models import OPEN_STATES, Edition, State, Submission, UnlockRequest
from records.queries.locks import is_locked

from .common import name_of, record, stated
from .decisions import copy_of
from .errors import OwnRequest, Refused


@transaction.atomic
def request_unlock(submission: Submission, *, reason: str, by: Any, at: datetime) -> UnlockRequest:
    """Ask for opening a locked month. Errors: Refused("no_reason"), Refused("not_locked"),
    Refused("already_requested").
    """
    reason = stated(reason, "đề nghị mở khóa")
    submission = _held(submission)
    edition = _must_be_locked(submission, at)
    waiting = submission.unlock_requests.filter(granted=None).first()
    if waiting is not None:
        raise Refused("already_requested", f"{waiting.requested_by} đã đề nghị mở khóa, đang chờ quyết định.")
    asked = UnlockRequest.objects.create(
        submission=submission,
        reason=reason,
        requested_at=at,
        requested_by=name_of(by),
        requester=by,
    )
    record("request_unlock", edition, by=by, at=at, detail={"reason": reason, "request": asked.pk})
    return asked


@transaction.atomic
def decide_unlock(
    asked: UnlockRequest, *, grant: bool, answer: str = "", by: Any, at: datetime
) -> UnlockRequest:
    """Grant or decline (with an answer) what somebody else asked for, once.

    Granting opens this month for CCHC_UNLOCK_HOURS: an approved one as a draft of the figures in force, which count on
    until new ones are approved; one past its closing time as it stands. Who wrote the figures stays known, so that
    nobody approves own entries through a copy. Errors: OwnRequest (403); Refused("decided"), Refused("not_locked"),
    Refused("no_reason").
    """
    submission = _held(asked.submission)
    asked = UnlockRequest.objects.get(pk=asked.pk)
    if by is not None and asked.requester_id == by.pk:
        raise OwnRequest("Người đề nghị mở khóa không tự quyết định được; người khác ở cấp trên quyết định.")
    if asked.granted is not None:
        done = "đồng ý" if asked.granted else "không đồng ý"
        raise Refused("decided", f"{asked.decided_by} đã {done} với đề nghị này.")
    asked.granted, asked.answer = grant, answer.strip() if grant else stated(answer, "không đồng ý")
    asked.decided_at, asked.decided_by = at, name_of(by)
    detail: dict[str, Any] = {"request": asked.pk, "reason": asked.reason, "answer": asked.answer}
    if grant:
        edition = _opened(submission, _must_be_locked(submission, at))
        asked.open_until = at + timedelta(hours=settings.UNLOCK_HOURS)
        submission.open_until = asked.open_until
        submission.save(update_fields=["open_until"])
        detail["open_until"] = asked.open_until
    else:
        edition = _newest(submission)
    asked.save()
    record("unlock" if grant else "decline_unlock", edition, by=by, at=at, detail=detail)
    return asked


def _held(submission: Submission) -> Submission:
    """Read anew and locked until the transaction ends: acts on one month's lock wait for each other."""
    fresh = Submission.objects.select_for_update(of=("self",)).select_related("unit")
    return fresh.get(pk=submission.pk)


def _newest(submission: Submission) -> Edition:
    """The edition that is open, else the one in force."""
    edition = submission.editions.order_by("-number").first()
    edition.submission = submission
    return edition


def _must_be_locked(submission: Submission, at: datetime) -> Edition:
    edition = _newest(submission)
    if not is_locked(submission, edition, at):
        raise Refused("not_locked", "Báo cáo đang mở, không cần mở khóa.")
    return edition


def _opened(submission: Submission, edition: Edition) -> Edition:
    """The edition to work on: itself where it is open, else a draft of what is in force."""
    if edition.state in OPEN_STATES:
        return edition
    draft = copy_of(submission.editions.get(state=State.APPROVED))
    draft.submission = submission
    return draft
