"""The page of cut-off rules, due rules and holidays, for administrators of the top of the tree."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core import clock
from core.web import rights
from core.web.pagination import outcome_message
from core.web.rights import Right
from figures.periods import FIRST_YEAR, Calendar, Month
from records.errors import ActionRefused
from records.models import CutoffRule, DueRule, Holiday
from spreadsheets.table_file import requested_file
from units.access.queries import is_root_administrator
from units.models import Tier

from . import actions
from .files import coming_months_file, cutoff_rules_file, due_rules_file, holidays_file
from .forms import CutoffRuleForm, DueRuleForm, HolidayForm
from .queries import DueDates, reporting_tiers, rule_changes, stored_calendar

SHOWN_MONTHS = 4
SHOWN_HOLIDAYS = 100


@dataclass(frozen=True)
class RuleKind:
    """One kind of rule: its form, what adds and removes one, and whether these may ask for a confirmation."""

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
    """404 for an unknown kind, 403 for who does not administer the top of the tree."""
    if not is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất đặt được quy định chung.")
    if name not in RULE_KINDS:
        raise Http404
    return RULE_KINDS[name]


@rights.requires(Right.MANAGE)
def dated_rules(request: HttpRequest) -> HttpResponse:
    """What holds, since when, and what it makes of the next months."""
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


@rights.requires(Right.MANAGE)
def add_rule(request: HttpRequest, kind: str) -> HttpResponse:
    """POST a new rule; where it moves months that have begun, once more with `confirmed`."""
    wanted = _rule_kind(request, kind)
    if request.method != "POST":
        return redirect("records:rules")
    form = wanted.form(request.POST, prefix=kind)
    if not form.is_valid():
        return _page(request, {kind: form}, status=422)
    options = _confirmed(request, dues=wanted.dues)
    try:
        wanted.add(**form.cleaned_data, by=request.user, at=clock.now(), **options)
    except actions.ConfirmationNeeded as asked:
        return _confirm(request, asked, {name: request.POST.get(name, "") for name in _names(form)}, wanted)
    except ActionRefused as refusal:
        form.add_error(None, forms.ValidationError(refusal.message, code=refusal.code))
        return _page(request, {kind: form}, status=409)
    messages.success(request, "Đã ghi quy định.")
    return redirect("records:rules")


@rights.requires(Right.MANAGE)
def remove_rule(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """POST: take back a rule that does not hold yet."""
    wanted = _rule_kind(request, kind)
    if request.method != "POST":
        return redirect("records:rules")
    options = _confirmed(request, dues=True) if wanted.asks_to_remove else {}
    try:
        with outcome_message(request, "Đã bỏ quy định.", ActionRefused):
            wanted.remove(min(pk, 2**63 - 1), by=request.user, at=clock.now(), **options)
    except actions.ConfirmationNeeded as asked:
        return _confirm(request, asked, {}, wanted)
    return redirect("records:rules")


def _confirmed(request: HttpRequest, *, dues: bool) -> dict[str, bool]:
    options = {"confirmed": request.POST.get("confirmed") == "1"}
    return options | {"recompute": request.POST.get("recompute") == "1"} if dues else options


def _names(form: forms.Form) -> list[str]:
    return [form.add_prefix(name) for name in form.fields]


def _confirm(
    request: HttpRequest, asked: actions.ConfirmationNeeded, given: dict[str, str], kind: RuleKind
) -> HttpResponse:
    """What would change, to be looked at; the same values are posted again with the confirmation."""
    context = {"asked": asked, "given": given, "dues": kind.dues}
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
            (one, Month.from_number(one.first_month), one.first_month > running.number)
            for one in _due_rules()
        ],
        "holidays": [
            (one, one.day > request.day) for one in Holiday.objects.order_by("-day")[:SHOWN_HOLIDAYS]
        ],
        "coming": _coming_months(due, running, reporting_tiers()),
        "changes": rule_changes(),
    }
    return render(request, "records/calendar/rules.html", context, status=status)


def _cutoffs(days: Calendar, running: Month) -> list[tuple[CutoffRule, Month | None, bool]]:
    """The rules, the latest first: each with its first month (None: from the beginning), and whether it is to come."""
    stored = list(CutoffRule.objects.order_by("-first_month"))
    if not stored:
        stored = [CutoffRule(first_month=rule.first.number, day=rule.day) for rule in days.rules]
    beginning = Month(FIRST_YEAR, 1).number
    return [
        (
            one,
            None if one.first_month == beginning else Month.from_number(one.first_month),
            one.first_month > running.number,
        )
        for one in stored
    ]


def _due_rules() -> list[DueRule]:
    return list(DueRule.objects.order_by("-first_month", "tier"))


def _coming_months(
    due: DueDates, running: Month, tiers: list[str]
) -> list[tuple[Month, Any, list[tuple[str, date]]]]:
    """The next months: their days, and when each tier is due."""
    months = [running.plus(n) for n in range(SHOWN_MONTHS)]
    return [
        (month, due.days.span(month), [(Tier(tier).label.lower(), due.of(tier, month)) for tier in tiers])
        for month in months
    ]
