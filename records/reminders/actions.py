"""Reminds one person by e-mail: recorded first, then mailed, taken back where the mail server refuses.

The text names months, never figures.
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
from records.submissions.locks import actor_name
from units.models import Unit

from .queries import ReminderItem, UnsentMonth, clerks_of_units, sent_or_approved, urged_on

_TITLES = {
    BEFORE: "Sắp đến hạn gửi báo cáo",
    AFTER: "Báo cáo đã quá hạn gửi",
}


@dataclass(frozen=True)
class ReminderEmail:
    """An e-mail to one person."""

    to: str
    subject: str
    body: str


def reminder_email(user: User, items: Sequence[ReminderItem], urged_by: str = "") -> ReminderEmail:
    """What a person is reminded of. `urged_by`: the reviewer who urges, where it is not the timer."""
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
        number = len({item.owed.unit.pk for item in below})
        months = list({item.owed.month for item in below})
        month = f" {months[0].label}" if len(months) == 1 else ""
        text = f"{format_count(number)} đơn vị chưa gửi báo cáo{month}"
    elif len(own) > 1:
        text = f"{'Đôn đốc' if urged_by else 'Nhắc'} gửi {format_count(len(own))} báo cáo"
    else:
        title = "Đôn đốc gửi báo cáo" if urged_by else _TITLES.get(own[0].kind, "Hôm nay là hạn gửi báo cáo")
        text = f"{title} {own[0].owed.month.label}"
    return " ".join(text.split())


def _item_words(item: ReminderItem) -> str:
    text = " ".join(f"{item.owed.unit.name}, {item.owed.month.label}".split())
    return capfirst(text)


def _state_words(item: ReminderItem) -> str:
    return _due_words(item.owed) + (", đã trả lại để sửa" if item.owed.returned else "")


def _due_words(owed: UnsentMonth) -> str:
    left = (owed.due_on - owed.day).days
    if left > 0:
        opens = f", mở nhập từ {format_day(owed.opens_on)}" if owed.opens_on > owed.day else ""
        return f"hạn gửi {format_day(owed.due_on)}, còn {left} ngày{opens}"
    return (
        f"hạn gửi {format_day(owed.due_on)}, quá hạn {-left} ngày"
        if left
        else f"hạn gửi hôm nay, {format_day(owed.due_on)}"
    )


def _clerk_words(item: ReminderItem) -> str:
    names = ", ".join(str(user) for user in item.clerks)
    return f"người nhập số liệu: {names}" if names else "chưa có người nhập số liệu"


def _worklist_address(name: str) -> str:
    return settings.BASE_URL + reverse(name)


@dataclass
class MailRun:
    """The way to the mail server during one run. After three refusals in a row it is not tried again: a server that
    is away would cost its time limit for each person.
    """

    connection: Any = field(default_factory=get_connection)
    refused_in_a_row: int = 0
    MOST_REFUSALS = 3

    @property
    def gave_up(self) -> bool:
        return self.refused_in_a_row >= self.MOST_REFUSALS

    def send(self, one: ReminderEmail) -> bool:
        """Whether the server took it."""
        if self.gave_up:
            return False
        message = EmailMessage(one.subject, one.body, to=[one.to], connection=self.connection)
        try:
            taken = bool(message.send())
        except (OSError, ValueError):
            # The server or the way to it (SMTPException is an OSError); an address that cannot be written.
            taken = False
            self.connection.close()
        self.refused_in_a_row = 0 if taken else self.refused_in_a_row + 1
        return taken

    def close(self) -> None:
        self.connection.close()


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


class ReminderSource(NamedTuple):
    """What an app above reminds of: in lines for a dry run, and in a run, whose results and who has nobody it gives."""

    lines: Callable[[date], Iterable[str]]
    run: Callable[[date, MailRun, datetime], tuple[list[ReminderResult], list[str]]]


MORE_REMINDERS: Registry[ReminderSource] = Registry()


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
