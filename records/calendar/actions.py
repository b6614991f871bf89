"""Adds and removes cut-off rules, due rules and holidays; months with reports keep their days."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from figures.formatting import format_day
from figures.periods import DEFAULT_CALENDAR, Calendar, Month
from ledger import log
from records.errors import ActionRefused
from records.models import CutoffRule, DueRule, Holiday
from units.models import Tier

from .queries import (
    RULES_SUBJECT,
    DueDates,
    MovedDueDate,
    MovedMonth,
    moved_due_dates,
    moved_months,
    stored_calendar,
    unsent_submissions,
)

MAX_HOLIDAYS = 31
_MAX_NAMED = 6


class ConfirmationNeeded(Exception):
    """The change moves days or due dates of months that have begun; nothing is stored until it is confirmed."""

    def __init__(
        self, moved: Sequence[MovedMonth] | Sequence[MovedDueDate], *, recomputable: int = 0
    ) -> None:
        super().__init__("unconfirmed")
        self.moved = list(moved)
        self.recomputable = recomputable


@transaction.atomic
def add_cutoff(first: Month, day: int | None, *, by: Any, at: datetime, confirmed: bool = False) -> None:
    """From this month on months end on that day (None: the last one).

    Errors: ActionRefused("rule_exists", "has_reports"), ConfirmationNeeded.
    """
    before = stored_calendar()
    rules = {rule.first: rule.day for rule in before.rules}
    stored = CutoffRule.objects.exists()
    if stored and first in rules:
        raise ActionRefused("rule_exists", f"Đã có quy định ngày chốt từ {first.label}.")
    after = Calendar.of((rules | {first: day}).items())
    moved = moved_months(before, after, timezone.localdate(at))
    if reported := [moved_month.month.label for moved_month in moved if moved_month.reports]:
        raise ActionRefused(
            "has_reports",
            f"Đã có báo cáo của {_few(reported)}: các tháng này giữ nguyên ngày. Hãy chọn tháng bắt đầu muộn hơn.",
        )
    if moved and not confirmed:
        raise ConfirmationNeeded(moved)
    if not stored:
        # The default is stored, or the new rule would apply from the beginning.
        CutoffRule.objects.bulk_create(
            CutoffRule(first_month=rule.first.number, day=rule.day)
            for rule in before.rules
            if rule.first != first
        )
    _create(lambda: CutoffRule.objects.create(first_month=first.number, day=day))
    words = f"Từ {first.label} chốt số liệu vào {_cutoff(day)}"
    _record("cutoff_add", words, by=by, at=at, detail={"first_month": first.number, "day": day})


@transaction.atomic
def remove_cutoff(pk: int, *, by: Any, at: datetime) -> None:
    """Remove a rule that no month has begun under. Errors: ActionRefused("gone", "in_force", "has_reports")."""
    rule = _future_rule(CutoffRule, pk, at)
    if moved := [
        moved_month
        for moved_month in moved_months(stored_calendar(), _without(rule), timezone.localdate(at))
        if moved_month.reports
    ]:
        raise ActionRefused(
            "has_reports", f"Đã có báo cáo của {_few([moved_month.month.label for moved_month in moved])}."
        )
    rule.delete()
    words = f"Bỏ quy định ngày chốt từ {Month.from_number(rule.first_month).label} ({_cutoff(rule.day)})"
    _record("cutoff_remove", words, by=by, at=at, detail={"first_month": rule.first_month, "day": rule.day})


@transaction.atomic
def add_due_rule(
    first: Month,
    tier: str,
    working_days: int,
    *,
    by: Any,
    at: datetime,
    confirmed: bool = False,
    recompute: bool = False,
) -> None:
    """From this month on reports of a tier ("" for all) are due so many working days after the month's end.

    Errors: ActionRefused("rule_exists"), ConfirmationNeeded.
    """
    if DueRule.objects.filter(first_month=first.number, tier=tier).exists():
        raise ActionRefused("rule_exists", f"Đã có quy định hạn gửi từ {first.label} cho cấp này.")
    before = DueDates(stored_calendar())
    after = DueDates(before.days, before.holidays, [*before.rules, (first.number, tier, working_days)])
    _move_due_dates(before, after, at, confirmed=confirmed, recompute=recompute)
    _create(lambda: DueRule.objects.create(first_month=first.number, tier=tier, working_days=working_days))
    words = f"Từ {first.label}, {_tier(tier)}: hạn gửi là {working_days} ngày làm việc sau ngày chốt"
    detail = {
        "first_month": first.number,
        "tier": tier,
        "working_days": working_days,
        "recomputed": recompute,
    }
    _record("due_add", words, by=by, at=at, detail=detail)


@transaction.atomic
def remove_due_rule(pk: int, *, by: Any, at: datetime) -> None:
    """Remove a rule that no month has begun under. Errors: ActionRefused("gone", "in_force", "has_reports")."""
    rule = _future_rule(DueRule, pk, at)
    rule.delete()
    words = f"Bỏ quy định hạn gửi từ {Month.from_number(rule.first_month).label}, {_tier(rule.tier)}"
    detail = {"first_month": rule.first_month, "tier": rule.tier, "working_days": rule.working_days}
    _record("due_remove", words, by=by, at=at, detail=detail)


@transaction.atomic
def add_holidays(
    first: date,
    last: date,
    name: str,
    *,
    by: Any,
    at: datetime,
    confirmed: bool = False,
    recompute: bool = False,
) -> None:
    """These days, both inclusive, are no working days.

    Errors: ActionRefused("dates", "rule_exists"), ConfirmationNeeded.
    """
    if not first <= last <= first + timedelta(MAX_HOLIDAYS - 1):
        raise ActionRefused(
            "dates", f"Ngày cuối phải từ ngày đầu trở đi, mỗi lần nhiều nhất {MAX_HOLIDAYS} ngày."
        )
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    if there := Holiday.objects.filter(day__in=days).first():
        raise ActionRefused(
            "rule_exists", f"Ngày {format_day(there.day)} đã ghi là ngày nghỉ ({there.name})."
        )
    before = DueDates(stored_calendar())
    after = DueDates(before.days, before.holidays | set(days), before.rules)
    _move_due_dates(before, after, at, confirmed=confirmed, recompute=recompute)
    _create(lambda: Holiday.objects.bulk_create(Holiday(day=day, name=name) for day in days))
    words = (
        f"Ghi ngày nghỉ {format_day(first)}"
        + (f" đến {format_day(last)}" if last > first else "")
        + f": {name}"
    )
    detail = {"from": first, "until": last, "name": name, "recomputed": recompute}
    _record("holiday_add", words, by=by, at=at, detail=detail)


@transaction.atomic
def remove_holiday(
    pk: int, *, by: Any, at: datetime, confirmed: bool = False, recompute: bool = False
) -> None:
    """Remove a future holiday. Errors: ActionRefused("gone", "in_force"), ConfirmationNeeded."""
    holiday = Holiday.objects.select_for_update().filter(pk=pk).first()
    if holiday is None:
        raise ActionRefused("gone", "Ngày nghỉ này không còn nữa.")
    if holiday.day <= timezone.localdate(at):
        raise ActionRefused("in_force", "Ngày nghỉ đã qua thì không bỏ được.")
    before = DueDates(stored_calendar())
    after = DueDates(before.days, before.holidays - {holiday.day}, before.rules)
    _move_due_dates(before, after, at, confirmed=confirmed, recompute=recompute)
    holiday.delete()
    detail = {"day": holiday.day, "name": holiday.name, "recomputed": recompute}
    _record(
        "holiday_remove",
        f"Bỏ ngày nghỉ {format_day(holiday.day)} ({holiday.name})",
        by=by,
        at=at,
        detail=detail,
    )


def _move_due_dates(
    before: DueDates, after: DueDates, at: datetime, *, confirmed: bool, recompute: bool
) -> None:
    """Update unsent reports if `recompute`. Errors: ConfirmationNeeded if due dates of months that have begun move."""
    moved = moved_due_dates(before, after, timezone.localdate(at))
    if moved and not confirmed:
        raise ConfirmationNeeded(moved, recomputable=sum(due_date.unsent for due_date in moved))
    for due_date in moved if recompute else ():
        for submission in unsent_submissions(due_date):
            submission.due_on = due_date.after
            submission.save(update_fields=["due_on"])


def _future_rule(model: type[CutoffRule] | type[DueRule], pk: int, at: datetime) -> Any:
    rule = model.objects.select_for_update().filter(pk=pk).first()
    if rule is None:
        raise ActionRefused("gone", "Quy định này không còn nữa.")
    if rule.first_month <= stored_calendar().month_of(timezone.localdate(at)).number:
        raise ActionRefused(
            "in_force", "Quy định đã áp dụng thì không bỏ được; hãy ghi quy định mới từ một tháng sau."
        )
    return rule


def _without(rule: CutoffRule) -> Calendar:
    rest = list(CutoffRule.objects.exclude(pk=rule.pk).values_list("first_month", "day"))
    return Calendar.of((Month.from_number(first), day) for first, day in rest) if rest else DEFAULT_CALENDAR


def _create(store: Callable[[], Any]) -> None:
    """Store; another request may have stored the same rule meanwhile. Errors: ActionRefused("rule_exists")."""
    try:
        with transaction.atomic():
            store()
    except IntegrityError as error:
        raise ActionRefused("rule_exists", "Người khác vừa ghi quy định này.") from error


def _record(action: str, words: str, *, by: Any, at: datetime, detail: dict[str, Any]) -> None:
    log.append(f"rules.{action}", by=by, subject=RULES_SUBJECT, detail={"words": words, **detail}, at=at)


def _cutoff(day: int | None) -> str:
    return "ngày cuối tháng" if day is None else f"ngày {day} hằng tháng"


def _tier(tier: str) -> str:
    return Tier(tier).label.lower() if tier else "mọi cấp"


def _few(labels: Sequence[str]) -> str:
    more = len(labels) - _MAX_NAMED
    return ", ".join(labels[:_MAX_NAMED]) + (f" và {more} tháng khác" if more > 0 else "")
