"""Reminds one person: recorded first, then mailed, taken back where the mail server refuses."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from ledger import log
from records.models import Reminder, ReminderKind
from records.submissions.guards import actor_name
from units.models import Unit

from .emails import MailRun, ReminderEmail, reminder_email
from .queries import ReminderItem, UnsentMonth, clerks_of_units, sent_or_approved, urged_on


class ReminderOutcome(Enum):
    """How a reminder reached a person; all but REFUSED and NOTHING stand in the work list too."""

    MAILED = "thư đã gửi"
    NO_ADDRESS = "chưa có địa chỉ thư điện tử, chỉ hiện trong Việc của tôi"
    MUTED = "không nhận nhắc việc qua thư điện tử, chỉ hiện trong Việc của tôi"
    REFUSED = "máy chủ thư không nhận, chưa nhắc"
    NOTHING = "không còn gì để nhắc"


@dataclass(frozen=True)
class ReminderResult:
    """What came of reminding one person, of how many months."""

    user: User
    way: ReminderOutcome
    months: int = 0


def remind_person(
    user: User, items: Sequence[ReminderItem], post: MailRun, *, at: datetime, by: User | None = None
) -> ReminderResult:
    """Remind a person, once for each unit, month and kind (by hand: once a day), in one e-mail.

    The rows are claimed and committed before the e-mail leaves, so that two runs at once send one; where the server
    refuses they are taken back and the next run tries again. A machine that dies in between leaves the claim: then
    the reminder stands in the work list only, which is better than a second e-mail.
    """
    urged_by = actor_name(by) if by is not None else ""
    return deliver_reminder(
        user,
        post,
        claim=lambda: _claim(user, items, by=by, at=at),
        write=lambda claimed: reminder_email(user, [item for _, item in claimed], urged_by),
        take_back=lambda claimed: _withdraw([row for row, _ in claimed]),
        mailed=lambda claimed: _mailed([row for row, _ in claimed], by=by, at=at),
    )


def deliver_reminder(
    user: User,
    post: MailRun,
    *,
    claim: Callable[[], Sequence[Any]],
    write: Callable[[Sequence[Any]], ReminderEmail],
    take_back: Callable[[Sequence[Any]], None],
    mailed: Callable[[Sequence[Any]], None],
) -> ReminderResult:
    """The way of a reminder, whatever it is about: `claim` stores and gives what is new, `write` makes the e-mail of
    it, `take_back` undoes the claim where the server refuses, `mailed` notes that it went out.
    """
    if mails_person(user) and post.gave_up:
        return ReminderResult(user, ReminderOutcome.REFUSED)
    claimed = claim()
    if not claimed:
        return ReminderResult(user, ReminderOutcome.NOTHING)
    if not mails_person(user):
        return ReminderResult(
            user, ReminderOutcome.MUTED if user.email else ReminderOutcome.NO_ADDRESS, len(claimed)
        )
    if not post.send(write(claimed)):
        take_back(claimed)
        return ReminderResult(user, ReminderOutcome.REFUSED, len(claimed))
    mailed(claimed)
    return ReminderResult(user, ReminderOutcome.MAILED, len(claimed))


@dataclass(frozen=True)
class UrgeResult:
    """What came of urging units: every clerk once, the units without any, those urged today before, how many people
    are left for another time.
    """

    people: list[ReminderResult]
    without_clerk: list[Unit]
    before: list[User]
    left: int


def urge_person(
    owing: Sequence[UnsentMonth], post: MailRun, *, by: User, at: datetime, most: int = 100
) -> UrgeResult:
    """Remind the clerks of some units by hand, each at most once a day; at most so many people in one go."""
    on = timezone.localdate(at)
    clerks = clerks_of_units([owed.unit for owed in owing], on)
    items: dict[User, list[ReminderItem]] = defaultdict(list)
    for owed in owing:
        for user in clerks.get(owed.unit.pk, []):
            items[user].append(ReminderItem(owed, ReminderKind.BY_HAND))
    done = urged_on(on, items)
    fresh = {
        user: [item for item in each if (user.pk, *item.owed.key) not in done] for user, each in items.items()
    }
    waiting = [user for user, each in fresh.items() if each]
    return UrgeResult(
        people=[remind_person(user, fresh[user], post, at=at, by=by) for user in waiting[:most]],
        without_clerk=list(
            {owed.unit.pk: owed.unit for owed in owing if owed.unit.pk not in clerks}.values()
        ),
        before=[user for user, each in fresh.items() if not each],
        left=len(waiting[most:]),
    )


def mails_person(user: User) -> bool:
    """Whether reminders reach the person by e-mail."""
    return bool(user.email) and not user.mail_muted


@transaction.atomic
def _claim(
    user: User, items: Sequence[ReminderItem], *, by: User | None, at: datetime
) -> list[tuple[Reminder, ReminderItem]]:
    """The rows that are new, stored, each with its item. Two claims for one person wait for each other."""
    if not User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True):
        return []
    on = timezone.localdate(at)
    units, months = {item.owed.unit.pk for item in items}, {item.owed.month.number for item in items}
    there = Reminder.objects.filter(user=user, unit__in=units, month__in=months)
    if by is not None:
        there = there.filter(on=on)
    given = set(there.values_list("unit_id", "month", "kind"))
    # What was sent since the run began needs no reminder any more.
    given_up = sent_or_approved(months, units)
    fresh = [item for item in items if item.key not in given and item.owed.key not in given_up]
    rows = [
        Reminder(
            unit=item.owed.unit,
            month=item.owed.month.number,
            kind=item.kind,
            user=user,
            on=on,
            given_by=actor_name(by) if by is not None else "",
        )
        for item in fresh
    ]
    Reminder.objects.bulk_create(rows)
    if rows and not mails_person(user):
        _log(rows, by=by, at=at, mailed=False)
    return list(zip(rows, fresh, strict=True))


@transaction.atomic
def _withdraw(rows: Sequence[Reminder]) -> None:
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).delete()


@transaction.atomic
def _mailed(rows: Sequence[Reminder], *, by: User | None, at: datetime) -> None:
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(mailed_at=at)
    _log(rows, by=by, at=at, mailed=True)


def _log(rows: Sequence[Reminder], *, by: User | None, at: datetime, mailed: bool) -> None:
    told = [{"unit": row.unit.code, "month": row.month, "kind": str(row.kind)} for row in rows]
    action = "reminder.give" if by is None else "reminder.urge"
    log.append(
        action, by=by, subject=f"user:{rows[0].user_id}", detail={"mailed": mailed, "reminders": told}, at=at
    )
