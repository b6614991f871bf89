"""Reminding of what reviews ask units for, by the same way as of months (records.actions.reminding.deliver); called by
`manage.py remind` through the setting MORE_REMINDERS.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from figures.writing import day as written
from ledger import log
from records.actions.reminding import Reminded, by_mail, deliver
from records.letters import Post
from reports.letters import letter
from reports.models import Asking, AskingReminder
from reports.queries.asked_reminders import AskedItem, AskedPlan, plan
from units.models import User

Claimed = tuple[AskingReminder, AskedItem]


def lines(day: date) -> Iterator[str]:
    """What a run on the day would remind of, a line each."""
    for user, items in plan(day).people:
        for one in items:
            yield f"{user} ({user.username}): {_named(one.asking)}, hạn {written(one.asking.due_on)}"


def run(day: date, post: Post, at: datetime) -> tuple[list[Reminded], list[str]]:
    """Remind everybody who is due; also says in words what nobody could be told of."""
    found: AskedPlan = plan(day)
    given = [remind(user, items, post, at=at) for user, items in found.people]
    return given, [_named(one) for one in found.nobody]


def remind(user: User, items: Sequence[AskedItem], post: Post, *, at: datetime) -> Reminded:
    """Remind a person, once for each asking and kind, in one e-mail."""
    return deliver(
        user,
        post,
        claim=lambda: _claim(user, items, at),
        write=lambda claimed: letter(user, [item for _, item in claimed]),
        take_back=_take_back,
        mailed=lambda claimed: _mailed(claimed, at),
    )


@transaction.atomic
def _claim(user: User, items: Sequence[AskedItem], at: datetime) -> list[Claimed]:
    """The rows that are new, stored, each with its item; what was answered since the run began needs none."""
    if not User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True):
        return []
    numbers = [item.asking.pk for item in items]
    given = set(AskingReminder.objects.filter(user=user, asking__in=numbers).values_list("asking_id", "kind"))
    silent = set(Asking.objects.filter(pk__in=numbers, sent_at=None).values_list("pk", flat=True))
    fresh = [item for item in items if item.key not in given and item.asking.pk in silent]
    on = timezone.localdate(at)
    rows = [AskingReminder(asking=item.asking, kind=item.kind, user=user, on=on) for item in fresh]
    AskingReminder.objects.bulk_create(rows)
    claimed = list(zip(rows, fresh, strict=True))
    if claimed and not by_mail(user):
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
    told = [{"asking": row.asking_id, "kind": str(row.kind)} for row, _ in claimed]
    detail = {"mailed": mailed, "reminders": told}
    log.append("reminder.give", by=None, subject=f"user:{claimed[0][0].user_id}", detail=detail, at=at)


def _named(one: Asking) -> str:
    what = one.heading or "góp ý dự thảo"
    return f"{one.unit.name}, {what} ({one.review.title})"
