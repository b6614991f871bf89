"""The page of cut-off rules, due rules and holidays and its files, for administrators of the root unit."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core import clock, web
from core.forms import REQUIRED, CleanTextField, DayField, ListChoiceField
from core.web import Right, outcome_message
from figures.periods import FIRST_YEAR, Calendar, Month, PeriodError
from records.errors import ActionRefused
from records.models import CutoffRule, DueRule, Holiday
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import is_root_administrator
from units.models import Tier

from . import actions
from .queries import DueDates, reporting_tiers, rule_changes, stored_calendar

FIRST_MONTH_COLUMN = TableColumn(
    "month", "Từ tháng", lambda rule: Month.from_number(rule.first_month).label, width=20
)
SETTING_UNIT_COLUMNS = (
    TableColumn("unit", "Đơn vị đặt", "unit.name", width=34),
    TableColumn("code", "Mã", "unit.code"),
)


def cutoff_rules_file(rules: Iterable[tuple[CutoffRule, Month | None, bool]], at: datetime) -> TableFile:
    """Cut-off rules with their first month (None: from the beginning)."""
    rows = (
        (first.label if first else "Từ đầu", f"ngày {rule.day}" if rule.day else "ngày cuối tháng")
        for rule, first, _ in rules
    )
    columns = (FIRST_MONTH_COLUMN, TableColumn("day", "Chốt vào", width=20))
    return TableFile("ngay-chot", "Ngày chốt kỳ báo cáo", columns, rows, at)


def due_rules_file(rules: Iterable[DueRule], at: datetime) -> TableFile:
    """Due rules."""
    columns = (
        FIRST_MONTH_COLUMN,
        TableColumn("tier", "Cấp", lambda rule: rule.get_tier_display() if rule.tier else "Mọi cấp"),
        TableColumn("days", "Ngày làm việc", "working_days"),
    )
    return TableFile("han-gui", "Hạn gửi báo cáo", columns, table_rows(columns, rules), at)


def holidays_file(holidays: Iterable[Holiday], at: datetime) -> TableFile:
    """Holidays."""
    columns = (TableColumn("day", "Ngày"), TableColumn("name", "Tên", width=40))
    return TableFile("ngay-nghi", "Ngày nghỉ", columns, table_rows(columns, holidays), at)


def coming_months_file(
    months: Sequence[tuple[Month, Any, Sequence[tuple[str, date]]]], at: datetime
) -> TableFile:
    """The next months: their days and the due date of each tier."""
    tiers = [name for name, _ in months[0][2]] if months else []
    columns = (
        TableColumn("month", "Tháng báo cáo", width=20),
        TableColumn("start", "Từ ngày"),
        TableColumn("end", "Đến hết ngày"),
        *(TableColumn(f"due_{place}", f"Hạn gửi, {name}") for place, name in enumerate(tiers)),
    )
    rows = ((month.label, span.start, span.end, *(day for _, day in dues)) for month, span, dues in months)
    return TableFile("thang-toi", "Kỳ báo cáo và hạn gửi các tháng tới", columns, rows, at)


_SHORT_MONTH = re.compile(r"([0-9]{1,2})/([0-9]{4})")
# With more, the due date would lie beyond the months that reminders look at.
MAX_WORKING_DAYS = 40


class MonthField(forms.Field):
    """A reporting month as 9/2022 or 2022-M09."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "size": 10})
    default_error_messages = {"required": REQUIRED}

    def to_python(self, value: Any) -> Month | None:
        if value in self.empty_values:
            return None
        text = str(value).strip()[:32]
        try:
            if short := _SHORT_MONTH.fullmatch(text):
                return Month(int(short[2]), int(short[1]))
            return Month.parse(text)
        except PeriodError as fault:
            raise forms.ValidationError(
                f"“{text}” không phải tháng. Ghi như 9/2022.", code="unknown_month"
            ) from fault


class SmallNumberField(forms.IntegerField):
    """A whole number between `least` and `most`, with one Vietnamese message for all errors."""

    def __init__(self, *, most: int, least: int, **options: Any) -> None:
        super().__init__(
            min_value=least,
            max_value=most,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 4}),
            error_messages=dict.fromkeys(
                ("invalid", "min_value", "max_value"), f"Nhập số nguyên từ {least} đến {most}."
            )
            | {"required": REQUIRED},
            **options,
        )


class CutoffRuleForm(forms.Form):
    first = MonthField(label="Từ tháng báo cáo", help_text="Ví dụ: 9/2022.")
    day = SmallNumberField(
        label="Ngày chốt", required=False, least=1, most=31, help_text="Để trống: ngày cuối tháng."
    )


class DueRuleForm(forms.Form):
    first = MonthField(label="Từ tháng báo cáo", help_text="Ví dụ: 9/2022.")
    tier = ListChoiceField(label="Cấp", required=False, choices=[("", "Mọi cấp"), *Tier.choices])
    working_days = SmallNumberField(label="Số ngày làm việc sau ngày chốt", least=0, most=MAX_WORKING_DAYS)


class HolidayForm(forms.Form):
    first = DayField(label="Từ ngày", help_text="Ví dụ: 2/9/2022.")
    last = DayField(label="Đến hết ngày", required=False)
    name = CleanTextField(label="Tên ngày nghỉ", max_length=100)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "first" in data and "last" in data:
            data["last"] = data["last"] or data["first"]
        return data


SHOWN_MONTHS = 4
SHOWN_HOLIDAYS = 100


@dataclass(frozen=True)
class RuleKind:
    """One kind of rule. `dues`: a change moves due dates; `asks_to_remove`: removing may need a confirmation."""

    form: type[forms.Form]
    add: Callable[..., None]
    remove: Callable[..., None]
    dues: bool = True
    asks_to_remove: bool = False


RULE_KINDS = {
    "cutoff": RuleKind(CutoffRuleForm, actions.add_cutoff, actions.remove_cutoff, dues=False),
    "due": RuleKind(DueRuleForm, actions.add_due_rule, actions.remove_due_rule),
    "holiday": RuleKind(HolidayForm, actions.add_holidays, actions.remove_holiday, asks_to_remove=True),
}


def _rule_kind(request: HttpRequest, name: str) -> RuleKind:
    """404 for an unknown kind, 403 unless the user administers the root unit."""
    if not is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất đặt được quy định chung.")
    if name not in RULE_KINDS:
        raise Http404
    return RULE_KINDS[name]


@web.requires(Right.MANAGE)
def dated_rules(request: HttpRequest) -> HttpResponse:
    """The rules, the coming months and the latest changes."""
    _rule_kind(request, "cutoff")
    if file := requested_file(request, _files(request)):
        return file
    return _page(request)


def _files(request: HttpRequest) -> dict:
    due, at = DueDates(stored_calendar()), clock.now()
    running = due.days.month_of(request.day)
    return {
        "thang-toi": lambda: coming_months_file(_coming_months(due, running, reporting_tiers()), at),
        "ngay-chot": lambda: cutoff_rules_file(_cutoffs(due.days, running), at),
        "han-gui": lambda: due_rules_file(_due_rules(), at),
        "ngay-nghi": lambda: holidays_file(Holiday.objects.order_by("-day"), at),
    }


@web.requires(Right.MANAGE)
def add_rule(request: HttpRequest, kind: str) -> HttpResponse:
    """POST a new rule; if it moves months that have begun, again with `confirmed`."""
    rule_kind = _rule_kind(request, kind)
    if request.method != "POST":
        return redirect("records:rules")
    form = rule_kind.form(request.POST, prefix=kind)
    if not form.is_valid():
        return _page(request, {kind: form}, status=422)
    options = _confirmed(request, dues=rule_kind.dues)
    try:
        rule_kind.add(**form.cleaned_data, by=request.user, at=clock.now(), **options)
    except actions.ConfirmationNeeded as confirmation:
        return _confirm(
            request, confirmation, {name: request.POST.get(name, "") for name in _names(form)}, rule_kind
        )
    except ActionRefused as refusal:
        form.add_error(None, forms.ValidationError(refusal.message, code=refusal.code))
        return _page(request, {kind: form}, status=409)
    messages.success(request, "Đã ghi quy định.")
    return redirect("records:rules")


@web.requires(Right.MANAGE)
def remove_rule(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """POST: remove a rule that is not in force yet."""
    rule_kind = _rule_kind(request, kind)
    if request.method != "POST":
        return redirect("records:rules")
    options = _confirmed(request, dues=True) if rule_kind.asks_to_remove else {}
    try:
        with outcome_message(request, "Đã bỏ quy định.", ActionRefused):
            rule_kind.remove(min(pk, 2**63 - 1), by=request.user, at=clock.now(), **options)
    except actions.ConfirmationNeeded as confirmation:
        return _confirm(request, confirmation, {}, rule_kind)
    return redirect("records:rules")


def _confirmed(request: HttpRequest, *, dues: bool) -> dict[str, bool]:
    options = {"confirmed": request.POST.get("confirmed") == "1"}
    return options | {"recompute": request.POST.get("recompute") == "1"} if dues else options


def _names(form: forms.Form) -> list[str]:
    return [form.add_prefix(name) for name in form.fields]


def _confirm(
    request: HttpRequest, confirmation: actions.ConfirmationNeeded, values: dict[str, str], kind: RuleKind
) -> HttpResponse:
    """Shows what would change; the page posts the same values again with `confirmed`."""
    context = {"asked": confirmation, "given": values, "dues": kind.dues}
    return render(request, "records/calendar/confirm.html", context)


def _page(
    request: HttpRequest, forms_: dict[str, forms.Form] | None = None, status: int = 200
) -> HttpResponse:
    due = DueDates(stored_calendar())
    running = due.days.month_of(request.day)
    context: dict[str, Any] = {
        name: (forms_ or {}).get(name) or kind.form(prefix=name) for name, kind in RULE_KINDS.items()
    }
    context |= {
        "cutoffs": _cutoffs(due.days, running),
        "dues": [
            (due_rule, Month.from_number(due_rule.first_month), due_rule.first_month > running.number)
            for due_rule in _due_rules()
        ],
        "holidays": [
            (holiday, holiday.day > request.day)
            for holiday in Holiday.objects.order_by("-day")[:SHOWN_HOLIDAYS]
        ],
        "coming": _coming_months(due, running, reporting_tiers()),
        "changes": rule_changes(),
    }
    return render(request, "records/calendar/rules.html", context, status=status)


def _cutoffs(days: Calendar, running: Month) -> list[tuple[CutoffRule, Month | None, bool]]:
    """The rules, latest first: each with its first month (None: from the beginning) and whether it is in the future."""
    stored = list(CutoffRule.objects.order_by("-first_month"))
    if not stored:
        stored = [CutoffRule(first_month=rule.first.number, day=rule.day) for rule in days.rules]
    beginning = Month(FIRST_YEAR, 1).number
    return [
        (
            cutoff,
            None if cutoff.first_month == beginning else Month.from_number(cutoff.first_month),
            cutoff.first_month > running.number,
        )
        for cutoff in stored
    ]


def _due_rules() -> list[DueRule]:
    return list(DueRule.objects.order_by("-first_month", "tier"))


def _coming_months(
    due: DueDates, running: Month, tiers: list[str]
) -> list[tuple[Month, Any, list[tuple[str, date]]]]:
    """The next months: their days and the due date of each tier."""
    months = [running.plus(n) for n in range(SHOWN_MONTHS)]
    return [
        (month, due.days.span(month), [(Tier(tier).label.lower(), due.of(tier, month)) for tier in tiers])
        for month in months
    ]
