"""Locks an edition, refuses what may not be changed, writes the log entry; shared by all actions on editions."""

from datetime import date, datetime
from typing import Any

from django.utils import timezone

from core.dates import format_day
from core.db.prepared_query import PreparedQuery
from figures.periods import Calendar, Month
from ledger import log
from records.errors import ActionRefused
from records.models import OPEN_STATES, Edition, State, Submission
from units.models import System

from .locks import lock_of

# The ways in which a cell changes, as the log names them.
FROM_PAGE, FROM_FILE, FROM_API, FROM_CASES = "page", "file", "api", "cases"


_for_update = Edition.objects.select_for_update(of=("self",)).select_related("submission__unit")
_locked = PreparedQuery(lambda pk: _for_update.filter(pk=pk), int)
_open = PreparedQuery(
    lambda submission: _for_update.filter(submission=submission, state__in=OPEN_STATES), int
)
_newest = PreparedQuery(
    lambda submission: _for_update.filter(submission=submission).order_by("-number")[:1], int
)


def locked_edition(edition: Edition) -> Edition:
    """The edition read anew and locked until the transaction ends; errors: Refused("gone")."""
    return _existing(_locked.first(edition.pk))


def locked_working_edition(submission: Submission) -> Edition:
    """The open edition, else the newest one, in which the actions say why nothing can be entered; read and locked as
    `locked` does.
    """
    return _existing(_open.first(submission.pk) or _newest.first(submission.pk))


def _existing(edition: Edition | None) -> Edition:
    if edition is None:
        raise ActionRefused("gone", "Lần báo cáo này không còn nữa.")
    return edition


def must_be_unlocked(edition: Edition, at: datetime) -> None:
    """Refuse what is approved, replaced or past its closing time. Refused("locked") says why, since when, whom to
    ask.
    """
    lock = lock_of(edition.submission, edition, at, timezone.localdate(at))
    if lock is not None:
        raise ActionRefused("locked", lock.words)


def must_be_open(edition: Edition, at: datetime) -> None:
    """Refuse what is locked, and what waits for approval."""
    must_be_unlocked(edition, at)
    if edition.state == State.SENT:
        raise ActionRefused("sent", "Báo cáo đang chờ duyệt. Rút lại trước khi sửa.")


def must_have_ended(month: Month, days: Calendar, today: date) -> None:
    """Figures of a month are entered once its last day is over. Errors: Refused("too_early")."""
    if days.span(month).end >= today:
        raise ActionRefused("too_early", f"Chưa mở được báo cáo {month.label}: kỳ báo cáo chưa kết thúc.")


def must_be_expected(submission: Submission, days: Calendar) -> None:
    """Figures count only where somebody is expected to report them. Refused("not_expected") where the unit ended, or
    became a group, after the draft was begun.
    """
    unit, month = submission.unit, Month.from_number(submission.month)
    span = days.span(month)
    if unit.owes(span.start, span.end):
        return
    if unit.is_over(span.start):
        end = format_day(unit.active_until)
        raise ActionRefused(
            "not_expected", f"{unit.name} đã hết hoạt động ngày {end}, không còn báo cáo {month.label}."
        )
    raise ActionRefused("not_expected", f"{unit.name} không phải gửi báo cáo {month.label}.")


def saved_detail(edition: Edition, way: str, follows: str, cells: dict[str, Any]) -> dict[str, Any]:
    """What the log tells of a saving; `follows`: who saved before, kept where that was a file, whose own entry names
    no cell (queries.history finds it by this name).
    """
    detail: dict[str, Any] = {"revision": edition.revision, "way": way, "cells": cells}
    if follows.startswith(Edition.FROM_FILE):
        detail["follows"] = follows
    return detail


def actor_name(actor: Any) -> str:
    """Who acted, as kept on the edition; the system has no name."""
    return log.SYSTEM if actor is None else (str(actor) or actor.get_username())


def responsible_person(actor: Any) -> int | None:
    """The number of the person who answers for what is entered or sent, and so may not approve it: of another system
    its token's maker; None for the system itself.
    """
    return actor.token.created_by_id if isinstance(actor, System) else actor and actor.pk


def log_edition(
    action: str, edition: Edition, *, by: Any, at: datetime, detail: dict[str, Any] | None = None
) -> None:
    """One log entry about an edition."""
    submission = edition.submission
    log.append(
        f"submission.{action}",
        by=by,
        subject=submission.subject,
        detail={
            "unit": submission.unit.code,
            "month": str(Month.from_number(submission.month)),
            "edition": edition.number,
            **(detail or {}),
        },
        at=at,
    )


def required_reason(reason: str, what: str) -> str:
    """The reason without blanks around it; errors: Refused("no_reason") where there is none."""
    if not reason.strip():
        raise ActionRefused("no_reason", f"Phải ghi lý do {what}.")
    return reason.strip()
