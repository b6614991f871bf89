"""Reminds one person by e-mail: stored first, then mailed, deleted again if the mail server refuses. The text names
months, never figures.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from accounts.models import User
from core.registry import Registry
from figures.completeness import AFTER, BEFORE
from figures.formatting import format_count, format_day
from ledger import log
from records.models import Reminder, ReminderKind
from records.submissions.edition_log import actor_name
from units.models import Unit

from .queries import ReminderItem, UnsentMonth, clerks_of_units, sent_or_approved, urged_on

_TITLES = {
    BEFORE: "Sắp đến hạn gửi báo cáo",
    AFTER: "Báo cáo đã quá hạn gửi",
}


@dataclass(frozen=True)
class ReminderEmail:
    """A plain-text e-mail to one person."""

    to: str
    subject: str
    body: str


def reminder_email(user: User, items: Sequence[ReminderItem], urged_by: str = "") -> ReminderEmail:
    """The e-mail about these items. `urged_by`: the name of the reviewer who urges; empty for the timer."""
    own = [item for item in items if not item.below]
    below = [item for item in items if item.below]
    lines = [f"Kính gửi: {user}", ""]
    if own:
        lines += [f"{urged_by} đôn đốc gửi báo cáo:" if urged_by else "Báo cáo sau đây chưa gửi:"]
        lines += [f"- {_item_words(item)}: {_state_words(item)}." for item in own]
        lines += ["", f"Nhập và gửi báo cáo tại: {_worklist_address('records:worklist')}", ""]
    if below:
        lines += ["Các đơn vị sau đây chưa gửi báo cáo:"]
        lines += [f"- {_item_words(item)}: {_state_words(item)}; {_clerk_words(item)}." for item in below]
        lines += ["", f"Xem và đôn đốc tại: {_worklist_address('records:worklist')}", ""]
    lines += [
        "Lời nhắc này cũng hiện trong “Việc của tôi”. Nếu không muốn nhận nhắc việc qua thư điện tử,",
        f"hãy tắt tại: {_worklist_address('account')}",
        "",
        "Thư do hệ thống theo dõi, báo cáo cải cách hành chính tự động gửi; không cần trả lời thư này.",
    ]
    return ReminderEmail(user.email, _subject(own, below, urged_by), "\n".join(lines) + "\n")


def _subject(own: Sequence[ReminderItem], below: Sequence[ReminderItem], urged_by: str) -> str:
    if not own:
        number = len({item.unsent.unit.pk for item in below})
        months = list({item.unsent.month for item in below})
        month = f" {months[0].label}" if len(months) == 1 else ""
        text = f"{format_count(number)} đơn vị chưa gửi báo cáo{month}"
    elif len(own) > 1:
        text = f"{'Đôn đốc' if urged_by else 'Nhắc'} gửi {format_count(len(own))} báo cáo"
    else:
        title = "Đôn đốc gửi báo cáo" if urged_by else _TITLES.get(own[0].kind, "Hôm nay là hạn gửi báo cáo")
        text = f"{title} {own[0].unsent.month.label}"
    return " ".join(text.split())


def _item_words(item: ReminderItem) -> str:
    text = " ".join(f"{item.unsent.unit.name}, {item.unsent.month.label}".split())
    return capfirst(text)


def _state_words(item: ReminderItem) -> str:
    return _due_words(item.unsent) + (", đã trả lại để sửa" if item.unsent.returned else "")


def _due_words(month: UnsentMonth) -> str:
    left = (month.due_on - month.day).days
    if left > 0:
        opens = f", mở nhập từ {format_day(month.opens_on)}" if month.opens_on > month.day else ""
        return f"hạn gửi {format_day(month.due_on)}, còn {left} ngày{opens}"
    return (
        f"hạn gửi {format_day(month.due_on)}, quá hạn {-left} ngày"
        if left
        else f"hạn gửi hôm nay, {format_day(month.due_on)}"
    )


def _clerk_words(item: ReminderItem) -> str:
    names = ", ".join(str(user) for user in item.clerks)
    return f"người nhập số liệu: {names}" if names else "chưa có người nhập số liệu"


def _worklist_address(name: str) -> str:
    return settings.BASE_URL + reverse(name)


@dataclass
class MailRun:
    """The mail connection of one run. It gives up after three failures in a row: an unreachable server would cost a
    timeout for each person.
    """

    connection: Any = field(default_factory=get_connection)
    refused_in_a_row: int = 0
    MOST_REFUSALS = 3

    @property
    def gave_up(self) -> bool:
        return self.refused_in_a_row >= self.MOST_REFUSALS

    def send(self, email: ReminderEmail) -> bool:
        """Whether the server accepted it."""
        if self.gave_up:
            return False
        message = EmailMessage(email.subject, email.body, to=[email.to], connection=self.connection)
        try:
            accepted = bool(message.send())
        except (OSError, ValueError):
            # The server or the way to it (SMTPException is an OSError); an address that cannot be written.
            accepted = False
            self.connection.close()
        self.refused_in_a_row = 0 if accepted else self.refused_in_a_row + 1
        return accepted

    def close(self) -> None:
        self.connection.close()


class ReminderOutcome(Enum):
    """How a reminder reached a person; all but REFUSED and NOTHING also show in the work list."""

    MAILED = "thư đã gửi"
    NO_ADDRESS = "chưa có địa chỉ thư điện tử, chỉ hiện trong Việc của tôi"
    MUTED = "không nhận nhắc việc qua thư điện tử, chỉ hiện trong Việc của tôi"
    REFUSED = "máy chủ thư không nhận, chưa nhắc"
    NOTHING = "không còn gì để nhắc"


@dataclass(frozen=True)
class ReminderResult:
    """The outcome for one person, and the number of months reminded of."""

    user: User
    way: ReminderOutcome
    months: int = 0


class ReminderSource(NamedTuple):
    """Further reminders, registered by other apps: `lines` for a dry run; `run` returns the results and the lines of
    what nobody could be reminded of.
    """

    lines: Callable[[date], Iterable[str]]
    run: Callable[[date, MailRun, datetime], tuple[list[ReminderResult], list[str]]]


MORE_REMINDERS: Registry[ReminderSource] = Registry()


def remind_person(
    user: User, items: Sequence[ReminderItem], post: MailRun, *, at: datetime, by: User | None = None
) -> ReminderResult:
    """Remind a person once for each unit, month and kind (by hand: once a day), in one e-mail.

    The rows are committed before the e-mail is sent, so that two runs at once send one; if the server refuses, they
    are deleted and the next run tries again. After a crash in between the reminder shows only in the work list, which
    is better than a second e-mail.
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
    """Deliver a reminder of any kind: `claim` stores and returns what is new, `write` makes its e-mail, `take_back`
    undoes the claim if the server refuses, `mailed` records that it was sent.
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
    """The outcome of urging units. `before`: clerks already urged today; `left`: how many clerks exceed the limit."""

    people: list[ReminderResult]
    without_clerk: list[Unit]
    before: list[User]
    left: int


def urge_person(
    months: Sequence[UnsentMonth], post: MailRun, *, by: User, at: datetime, most: int = 100
) -> UrgeResult:
    """Remind the clerks of these months by hand, each at most once a day; at most `most` people in one call."""
    on = timezone.localdate(at)
    clerks = clerks_of_units([month.unit for month in months], on)
    items: dict[User, list[ReminderItem]] = defaultdict(list)
    for month in months:
        for user in clerks.get(month.unit.pk, []):
            items[user].append(ReminderItem(month, ReminderKind.BY_HAND))
    urged_today = urged_on(on, items)
    fresh = {
        user: [item for item in each if (user.pk, *item.unsent.key) not in urged_today]
        for user, each in items.items()
    }
    waiting = [user for user, each in fresh.items() if each]
    return UrgeResult(
        people=[remind_person(user, fresh[user], post, at=at, by=by) for user in waiting[:most]],
        without_clerk=list(
            {month.unit.pk: month.unit for month in months if month.unit.pk not in clerks}.values()
        ),
        before=[user for user, each in fresh.items() if not each],
        left=len(waiting[most:]),
    )


def mails_person(user: User) -> bool:
    """Whether the person gets reminders by e-mail."""
    return bool(user.email) and not user.mail_muted


@transaction.atomic
def _claim(
    user: User, items: Sequence[ReminderItem], *, by: User | None, at: datetime
) -> list[tuple[Reminder, ReminderItem]]:
    """Store the new reminders; returns each with its item. Locks the person against concurrent claims."""
    if not User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True):
        return []
    on = timezone.localdate(at)
    units, months = {item.unsent.unit.pk for item in items}, {item.unsent.month.number for item in items}
    there = Reminder.objects.filter(user=user, unit__in=units, month__in=months)
    if by is not None:
        there = there.filter(on=on)
    reminded = set(there.values_list("unit_id", "month", "kind"))
    # Months sent since the run began need no reminder.
    sent = sent_or_approved(months, units)
    fresh = [item for item in items if item.key not in reminded and item.unsent.key not in sent]
    rows = [
        Reminder(
            unit=item.unsent.unit,
            month=item.unsent.month.number,
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
    reminders = [{"unit": row.unit.code, "month": row.month, "kind": str(row.kind)} for row in rows]
    action = "reminder.give" if by is None else "reminder.urge"
    log.append(
        action,
        by=by,
        subject=f"user:{rows[0].user_id}",
        detail={"mailed": mailed, "reminders": reminders},
        at=at,
    )
