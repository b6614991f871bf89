"""Reminders of requests: recipients, the e-mail, sending."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst

from accounts.models import User
from core import web
from figures import completeness
from figures.completeness import AFTER, BEFORE
from figures.formatting import format_count, format_day
from ledger import log
from records.reminders.actions import MailRun, ReminderEmail, ReminderResult, deliver_reminder, mails_person
from records.reminders.queries import role_holders
from reports.models import Asking, AskingReminder, AskKind, ReviewState
from units.access.queries import ROLES

from .queries import OPEN_STATES


@dataclass(frozen=True)
class RequestReminder:
    """A reminder of a request, of a kind of figures.completeness on a day."""

    asking: Asking
    kind: str
    day: date

    @property
    def key(self) -> tuple[int, str]:
        return self.asking.pk, self.kind


@dataclass(frozen=True)
class RequestReminderPlan:
    """The reminders by person, and the requests that nobody can be reminded of."""

    people: list[tuple[User, list[RequestReminder]]]
    nobody: list[Asking]


def due_requests(day: date) -> list[RequestReminder]:
    """The unanswered requests that need a reminder on a day. One query."""
    rows = Asking.objects.filter(sent_at=None, due_on__isnull=False, review__state__in=OPEN_STATES)
    rows = rows.exclude(kind=AskKind.COMMENT, review__state=ReviewState.DRAFT)
    rows = rows.select_related("unit", "review__unit").defer("review__frozen")
    return [
        RequestReminder(row, kind, day)
        for row in rows.order_by("due_on", "pk")
        if (kind := completeness.reminder_kind(row.due_on, day))
    ]


def reminder_plan(day: date) -> RequestReminderPlan:
    """The reminders of a day for the clerks and editors of each unit, without those given before. Three queries."""
    items = due_requests(day)
    holders = role_holders({item.asking.unit_id for item in items}, ROLES[web.Right.FILL], day)
    rows = AskingReminder.objects.filter(asking__in=[item.asking.pk for item in items])
    sent = set(rows.values_list("user_id", "asking_id", "kind"))
    by_user: dict[User, list[RequestReminder]] = defaultdict(list)
    for item in items:
        for user in holders.get(item.asking.unit_id, []):
            if (user.pk, *item.key) not in sent:
                by_user[user].append(item)
    return RequestReminderPlan(
        list(by_user.items()), [item.asking for item in items if item.asking.unit_id not in holders]
    )


_TITLES = {BEFORE: "Sắp đến hạn", AFTER: "Đã quá hạn"}


def reminder_letter(user: User, items: Sequence[RequestReminder]) -> ReminderEmail:
    """The e-mail to a person."""
    lines = [f"Kính gửi: {user}", "", "Báo cáo sơ kết, tổng kết đang chờ đơn vị:"]
    lines += [f"- {_item_line(item)}." for item in items]
    lines += [
        "",
        f"Viết và gửi tại: {settings.BASE_URL}{reverse('records:worklist')}",
        "",
        "Lời nhắc này cũng hiện trong “Việc của tôi”. Nếu không muốn nhận nhắc việc qua thư điện tử,",
        f"hãy tắt tại: {settings.BASE_URL}{reverse('account')}",
        "",
        "Thư do hệ thống theo dõi, báo cáo cải cách hành chính tự động gửi; không cần trả lời thư này.",
    ]
    return ReminderEmail(user.email, _subject(items), "\n".join(lines) + "\n")


def _subject(items: Sequence[RequestReminder]) -> str:
    if len(items) > 1:
        return f"Nhắc gửi {format_count(len(items))} nội dung cho báo cáo sơ kết, tổng kết"
    item = items[0]
    what = "góp ý dự thảo" if item.asking.kind == AskKind.COMMENT else "gửi nội dung"
    title = _TITLES.get(item.kind)
    return f"{title} {what} báo cáo" if title else f"Hôm nay là hạn {what} báo cáo"


def _item_line(item: RequestReminder) -> str:
    asking = item.asking
    what = "góp ý dự thảo" if asking.kind == AskKind.COMMENT else f"nội dung mục “{asking.heading}”"
    text = f"{asking.unit.name}: {what}, {asking.review.title}, {asking.review.unit.name}: {_due(item)}"
    text = " ".join(text.split())
    return capfirst(text)


def _due(item: RequestReminder) -> str:
    left = (item.asking.due_on - item.day).days
    if left > 0:
        return f"hạn gửi {format_day(item.asking.due_on)}, còn {left} ngày"
    written = format_day(item.asking.due_on)
    return f"hạn gửi {written}, quá hạn {-left} ngày" if left else f"hạn gửi hôm nay, {written}"


Claimed = tuple[AskingReminder, RequestReminder]


def lines(day: date) -> Iterator[str]:
    """The reminders that a run on the day would give, a line each."""
    for user, items in reminder_plan(day).people:
        for item in items:
            yield f"{user} ({user.username}): {_request_name(item.asking)}, hạn {format_day(item.asking.due_on)}"


def run(day: date, post: MailRun, at: datetime) -> tuple[list[ReminderResult], list[str]]:
    """Give all reminders of a day; also returns the requests that nobody could be reminded of, as texts."""
    plan: RequestReminderPlan = reminder_plan(day)
    results = [remind_user(user, items, post, at=at) for user, items in plan.people]
    return results, [_request_name(asking) for asking in plan.nobody]


def remind_user(
    user: User, items: Sequence[RequestReminder], post: MailRun, *, at: datetime
) -> ReminderResult:
    """Remind a person in one e-mail, once for each request and kind."""
    return deliver_reminder(
        user,
        post,
        claim=lambda: _claim(user, items, at),
        write=lambda claimed: reminder_letter(user, [item for _, item in claimed]),
        take_back=_take_back,
        mailed=lambda claimed: _mailed(claimed, at),
    )


@transaction.atomic
def _claim(user: User, items: Sequence[RequestReminder], at: datetime) -> list[Claimed]:
    """Store the new reminders, each with its item, except of requests answered since the run began."""
    if not User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True):
        return []
    asking_ids = [item.asking.pk for item in items]
    sent = set(
        AskingReminder.objects.filter(user=user, asking__in=asking_ids).values_list("asking_id", "kind")
    )
    unanswered = set(Asking.objects.filter(pk__in=asking_ids, sent_at=None).values_list("pk", flat=True))
    fresh = [item for item in items if item.key not in sent and item.asking.pk in unanswered]
    on = timezone.localdate(at)
    rows = [AskingReminder(asking=item.asking, kind=item.kind, user=user, on=on) for item in fresh]
    AskingReminder.objects.bulk_create(rows)
    claimed = list(zip(rows, fresh, strict=True))
    if claimed and not mails_person(user):
        _log(claimed, at, mailed=False)
    return claimed


@transaction.atomic
def _take_back(claimed: Sequence[Claimed]) -> None:
    AskingReminder.objects.filter(pk__in=[row.pk for row, _ in claimed]).delete()


@transaction.atomic
def _mailed(claimed: Sequence[Claimed], at: datetime) -> None:
    AskingReminder.objects.filter(pk__in=[row.pk for row, _ in claimed]).update(mailed_at=at)
    _log(claimed, at, mailed=True)


def _log(claimed: Sequence[Claimed], at: datetime, *, mailed: bool) -> None:
    reminders = [{"asking": row.asking_id, "kind": str(row.kind)} for row, _ in claimed]
    detail = {"mailed": mailed, "reminders": reminders}
    log.append("reminder.give", by=None, subject=f"user:{claimed[0][0].user_id}", detail=detail, at=at)


def _request_name(asking: Asking) -> str:
    what = asking.heading or "góp ý dự thảo"
    return f"{asking.unit.name}, {what} ({asking.review.title})"
