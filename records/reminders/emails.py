"""The text of the reminder e-mails: which months are missing, never any figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.urls import reverse
from django.utils.text import capfirst

from accounts.models import User
from figures.formatting import format_count, format_day
from figures.reminder_schedule import AFTER, BEFORE

from .queries import ReminderItem, UnsentMonth

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
