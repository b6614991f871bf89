"""Sending, approving and returning a month. Each changes the derived sums in the same transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from figures.periods import Month
from records import sums
from records.models import DossierCount, Edition, Stage, State, Submission
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from records.queries.checks import Finding, check, rows_of, served_of
from records.queries.rows import fill

from . import storing
from .common import (
    answering_for,
    locked,
    must_be_open,
    must_be_owed,
    must_be_unlocked,
    name_of,
    record,
    stated,
)
from .errors import OwnEntries, Refused
from .pushing import announce


@transaction.atomic
def send(edition: Edition, *, by: Any, at: datetime, revision: int | None = None) -> Edition:
    """Hand the edition in. What was left blank becomes a blank row of each expected field, so that it shows.

    Errors: Refused("faults") with what blocks; a changed opening needs a reason in its row. Refused("not_expected")
    where the unit ended, or became a group, after the draft was begun.
    """
    edition = locked(edition)
    must_be_open(edition, at)
    _same_revision(edition, revision)
    catalogue = Catalogue(calendar())
    must_be_owed(edition.submission, catalogue.days)
    rows = rows_of(edition)
    findings = check(edition, catalogue, rows=rows)
    blocking = [one for one in findings if one.blocks] + _unexplained(rows, findings)
    if blocking:
        raise Refused("faults", "Báo cáo còn lỗi nên chưa gửi được.", blocking)
    _materialise(edition, rows, catalogue)
    edition.state = State.SENT
    edition.sent_at, edition.sent_by, edition.sender_id = at, name_of(by), answering_for(by)
    edition.return_reason, edition.marked_cells = "", []
    storing.update_edition(edition, storing.SENT)
    _refresh(edition, Stage.SUBMITTED)
    warnings = [f"{one.field} {one.measure or ''} {one.code}" for one in findings if not one.blocks]
    record("send", edition, by=by, at=at, detail={"warnings": warnings})
    return edition


def _unexplained(rows: Iterable[DossierCount], findings: Sequence[Finding]) -> list[Finding]:
    """Openings that differ from the last closing and state no reason."""
    explained = {(row.field.code, row.procedure.code if row.procedure else "") for row in rows if row.reason}
    return [
        one for one in findings if one.code == "continuity" and (one.field, one.procedure) not in explained
    ]


def _materialise(edition: Edition, rows: Sequence[DossierCount], catalogue: Catalogue) -> None:
    """Add to the rows a blank one for each expected field without any, and set the edition's sums (the caller saves
    it). An edition at level `chung` has no other rows.
    """
    submission = edition.submission
    expected = catalogue.expected(submission.unit, Month.from_number(submission.month))
    there = {row.field_id for row in rows}
    blank = []
    if catalogue.undivided not in there:
        for field in expected:
            if field not in there:
                row = DossierCount(edition=edition, field_id=field)
                fill(row, {}, served_of(expected, catalogue, (field, None)))
                blank.append(row)
    storing.write_counts(blank)
    sums.total_edition(edition, [*rows, *blank])


@transaction.atomic
def recall(edition: Edition, *, by: Any, at: datetime) -> Edition:
    """Take back what was sent and is not decided yet, to go on editing it; not once the month is locked, since it
    could not be sent again.
    """
    edition = locked(edition)
    _must_be_sent(edition)
    must_be_unlocked(edition, at)
    edition.state = State.DRAFT
    edition.save()
    _refresh(edition, Stage.SUBMITTED)
    record("recall", edition, by=by, at=at)
    return edition


@transaction.atomic
def approve(edition: Edition, *, by: Any, at: datetime, revision: int | None = None) -> Edition:
    """Put a sent edition in force; the one in force before is superseded.

    Errors: OwnEntries (403) for anybody who wrote a value in it, and for who sent it; Refused("not_sent"),
    Refused("stale").
    """
    edition = _put_in_force(edition, by, at, revision)
    _refresh(edition)
    announce([edition], at=at)
    record("approve", edition, by=by, at=at)
    return edition


@transaction.atomic
def approve_all(
    editions: Iterable[tuple[Edition, int | None]], *, by: Any, at: datetime
) -> list[Refused | None]:
    """Approve several, each by itself and of its revision; why one was refused, in their order, else None. The sums
    above them are written once for all.

    Errors: OwnEntries for one of them, and then none is approved.
    """
    answers: list[Refused | None] = []
    approved: list[Edition] = []
    for edition, revision in editions:
        try:
            with transaction.atomic():
                approved.append(_put_in_force(edition, by, at, revision))
            answers.append(None)
        except Refused as refusal:
            answers.append(refusal)
    places = [edition.submission for edition in approved]
    sums.refresh([one.unit for one in places], {one.month for one in places})
    announce(approved, at=at)
    # Last, since all who write to the log wait from here on.
    for edition in approved:
        record("approve", edition, by=by, at=at)
    return answers


def _put_in_force(edition: Edition, by: Any, at: datetime, revision: int | None) -> Edition:
    edition = locked(edition)
    if by is not None and edition.writers.filter(pk=by.pk).exists():
        raise OwnEntries("Người đã nhập số liệu không được duyệt chính số liệu đó.")
    if by is not None and edition.sender_id == by.pk:
        raise OwnEntries("Người đã gửi báo cáo không được duyệt chính báo cáo đó.")
    _must_be_sent(edition)
    _same_revision(edition, revision)
    Edition.objects.filter(submission=edition.submission_id, state=State.APPROVED).update(
        state=State.SUPERSEDED
    )
    edition.state = State.APPROVED
    edition.decided_at, edition.decided_by = at, name_of(by)
    edition.save()
    _end_unlocking(edition.submission)
    return edition


@transaction.atomic
def send_back(
    edition: Edition, *, reason: str, marked_cells: Sequence[str] = (), by: Any, at: datetime
) -> Edition:
    """Return a sent edition for correction, with a reason and the cells it concerns. Opens the month: neither a
    closing time nor the end of an unlocking holds any longer.
    """
    edition = locked(edition)
    _must_be_sent(edition)
    edition.state = State.RETURNED
    edition.return_reason = stated(reason, "trả lại")
    edition.marked_cells = list(marked_cells)
    edition.decided_at, edition.decided_by = at, name_of(by)
    edition.save()
    _lift_closing(edition.submission)
    _refresh(edition, Stage.SUBMITTED)
    detail = {"reason": edition.return_reason, "cells": edition.marked_cells}
    record("return", edition, by=by, at=at, detail=detail)
    return edition


def copy_of(source: Edition) -> Edition:
    """A stored draft with the same rows, sums and writers as the edition."""
    writers = list(source.writers.all())
    rows = list(source.counts.all())
    last = Edition.objects.filter(submission=source.submission_id).order_by("-number").first()
    draft = Edition.objects.get(pk=source.pk)
    draft.pk, draft.number, draft.state = None, last.number + 1, State.DRAFT
    # Counts on through the editions of a submission: a page opened before the copy is behind it, never level with it.
    draft.revision = last.revision + 1
    draft.saved_at = draft.sent_at = draft.decided_at = None
    draft.sender = None
    draft.saved_by = draft.sent_by = draft.decided_by = draft.return_reason = ""
    draft.marked_cells = []
    draft._state.adding = True
    draft.save()
    draft.writers.set(writers)
    for row in rows:
        row.pk, row.edition = None, draft
        row._state.adding = True
    DossierCount.objects.bulk_create(rows)
    return draft


def _lift_closing(submission: Submission) -> None:
    if submission.closes_at is not None or submission.open_until is not None:
        submission.closes_at = submission.open_until = None
        submission.save(update_fields=["closes_at", "open_until"])


def _end_unlocking(submission: Submission) -> None:
    if submission.open_until is not None:
        submission.open_until = None
        submission.save(update_fields=["open_until"])


def _refresh(edition: Edition, *stages: str) -> None:
    submission = edition.submission
    sums.refresh([submission.unit], [submission.month], stages or tuple(Stage.values))


def _must_be_sent(edition: Edition) -> None:
    if edition.state != State.SENT:
        raise Refused(
            "not_sent", f"Báo cáo không ở trạng thái chờ duyệt ({edition.get_state_display().lower()})."
        )


def _same_revision(edition: Edition, revision: int | None) -> None:
    if revision is not None and revision != edition.revision:
        raise Refused("stale", "Báo cáo vừa được sửa. Hãy xem lại số mới trước khi tiếp tục.")
