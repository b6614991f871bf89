"""Approves or returns months; sums and pushes to higher systems are written in the same transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from figures.periods import Month
from ledger import outbox
from records.errors import ActionRefused, OwnEntries
from records.models import Edition, Stage, State, Submission
from records.stored_sums import group_sums
from records.submissions import payload
from records.submissions.actions import must_be_same_revision, must_be_sent, refresh_sums_above
from records.submissions.editability import locked_edition, required_reason
from records.submissions.edition_log import actor_name, log_edition
from units.models import Receiver

APPROVED_EVENT = "submission.approved"
_BATCH_SIZE = 500


def push_approvals(editions: Iterable[Edition], *, at: datetime) -> None:
    """Put an event with rows and totals into the outbox for each approved edition and every receiver above its unit, in
    the caller's transaction. One query where there is no receiver.
    """
    receivers = list(Receiver.objects.filter(stopped_at=None).select_related("unit"))
    if not receivers:
        return
    approved = list(editions)
    for start in range(0, len(approved), _BATCH_SIZE):
        batch = approved[start : start + _BATCH_SIZE]
        rows = payload.rows_by_edition(batch)
        for edition in batch:
            unit, month = edition.submission.unit, Month.from_number(edition.submission.month)
            receiver_ids = [receiver.pk for receiver in receivers if unit.path.startswith(receiver.unit.path)]
            if receiver_ids:
                body = _push_payload(edition, rows[edition.pk])
                outbox.put(APPROVED_EVENT, f"{unit.name}, {month.label}", body, receiver_ids, at=at)


def _push_payload(edition: Edition, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The unit by the code that it holds on the month's last day, as the API takes it."""
    submission = edition.submission
    return {
        "unit": submission.unit.code,
        "name": submission.unit.name,
        "month": str(Month.from_number(submission.month)),
        "edition": edition.number,
        "revision": edition.revision,
        "approved_at": payload.moment_text(edition.decided_at),
        "rows": rows,
        "totals": payload.totals_payload(edition),
    }


@transaction.atomic
def approve_edition(edition: Edition, *, by: Any, at: datetime, revision: int | None = None) -> Edition:
    """Put a sent edition in force; the one in force before is superseded.

    Errors: OwnEntries (403) for anybody who wrote a value in it or sent it; ActionRefused("not_sent"),
    ActionRefused("stale").
    """
    edition = _put_in_force(edition, by, at, revision)
    refresh_sums_above(edition)
    push_approvals([edition], at=at)
    log_edition("approve", edition, by=by, at=at)
    return edition


@transaction.atomic
def approve_editions(
    editions: Iterable[tuple[Edition, int | None]], *, by: Any, at: datetime
) -> list[ActionRefused | None]:
    """Approve several editions, each at its revision; returns for each its refusal, or None. The sums above are
    written once for all.

    Errors: OwnEntries for one of them; then none is approved.
    """
    answers: list[ActionRefused | None] = []
    approved: list[Edition] = []
    for edition, revision in editions:
        try:
            with transaction.atomic():
                approved.append(_put_in_force(edition, by, at, revision))
            answers.append(None)
        except ActionRefused as refusal:
            answers.append(refusal)
    submissions = [edition.submission for edition in approved]
    group_sums.refresh_group_sums(
        [submission.unit for submission in submissions], {submission.month for submission in submissions}
    )
    push_approvals(approved, at=at)
    # Last: the log is locked for all writers from here on.
    for edition in approved:
        log_edition("approve", edition, by=by, at=at)
    return answers


def _put_in_force(edition: Edition, by: Any, at: datetime, revision: int | None) -> Edition:
    edition = locked_edition(edition)
    if by is not None and edition.writers.filter(pk=by.pk).exists():
        raise OwnEntries("Người đã nhập số liệu không được duyệt chính số liệu đó.")
    if by is not None and edition.sender_id == by.pk:
        raise OwnEntries("Người đã gửi báo cáo không được duyệt chính báo cáo đó.")
    must_be_sent(edition)
    must_be_same_revision(edition, revision)
    Edition.objects.filter(submission=edition.submission_id, state=State.APPROVED).update(
        state=State.SUPERSEDED
    )
    edition.state = State.APPROVED
    edition.decided_at, edition.decided_by = at, actor_name(by)
    edition.save()
    _end_unlocking(edition.submission)
    return edition


@transaction.atomic
def return_edition(
    edition: Edition, *, reason: str, marked_cells: Sequence[str] = (), by: Any, at: datetime
) -> Edition:
    """Return a sent edition for correction, with a reason and the cells it concerns. Removes the month's closing time
    and the end of its unlocking.
    """
    edition = locked_edition(edition)
    must_be_sent(edition)
    edition.state = State.RETURNED
    edition.return_reason = required_reason(reason, "trả lại")
    edition.marked_cells = list(marked_cells)
    edition.decided_at, edition.decided_by = at, actor_name(by)
    edition.save()
    _lift_closing(edition.submission)
    refresh_sums_above(edition, Stage.SUBMITTED)
    detail = {"reason": edition.return_reason, "cells": edition.marked_cells}
    log_edition("return", edition, by=by, at=at, detail=detail)
    return edition


def _lift_closing(submission: Submission) -> None:
    if submission.closes_at is not None or submission.open_until is not None:
        submission.closes_at = submission.open_until = None
        submission.save(update_fields=["closes_at", "open_until"])


def _end_unlocking(submission: Submission) -> None:
    if submission.open_until is not None:
        submission.open_until = None
        submission.save(update_fields=["open_until"])
