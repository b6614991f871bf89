"""The page of closing times, and the views that request and decide the unlocking of a month."""

import re
from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import get_default_timezone

from core import clock, web
from core.forms import CleanTextField, DayField, ListChoiceField
from core.web import Right, outcome_message, page_of
from figures import formatting
from figures.periods import Month
from records.calendar.queries import stored_calendar
from records.calendar.views import SETTING_UNIT_COLUMNS
from records.entry.forms import STALE_PAGE
from records.entry.submission_page import render_refused, render_submission
from records.errors import ActionRefused
from records.models import ClosingTime, Submission
from records.submissions.fetch import reviewed_units, submission_action
from records.submissions.lines import REASON_LENGTH, REASON_TOO_LONG, MonthReasonForm
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import is_allowed
from units.models import Unit

from . import actions


class UnlockForm(forms.Form):
    """The decision on a request to unlock; the action requires an answer for declining."""

    GRANT = "grant"

    request = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    verdict = forms.ChoiceField(choices=[(GRANT, "Đồng ý mở khóa"), ("decline", "Không đồng ý")])
    answer = forms.CharField(
        label="Ý kiến", required=False, max_length=REASON_LENGTH, error_messages=REASON_TOO_LONG
    )

    def clean(self) -> dict[str, Any]:
        if {"request", "verdict"} & self.errors.keys():
            self.add_error(None, STALE_PAGE)
        return self.cleaned_data


def closing_times_file(closings: Iterable[ClosingTime], at: datetime) -> TableFile:
    columns = (
        TableColumn(
            "month", "Tháng báo cáo", lambda closing: Month.from_number(closing.month).label, width=20
        ),
        *SETTING_UNIT_COLUMNS,
        TableColumn("closes_at", "Khóa sau", width=20),
    )
    return TableFile("gio-chot", "Giờ chốt báo cáo tháng", columns, table_rows(columns, closings), at)


_TIME = re.compile(r"([0-9]{1,2})[:h]([0-9]{2})(?::([0-9]{2}))?")


class ClosingTimeForm(forms.Form):
    """When a committee closes a month; `units` and `months` are the choices."""

    unit = ListChoiceField(label="Đơn vị đặt giờ chốt")
    month = ListChoiceField(label="Tháng báo cáo")
    day = DayField(label="Ngày", help_text="Ví dụ 18/8/2022.")
    time = CleanTextField(label="Giờ", max_length=16, help_text="Ví dụ 17:00.")

    def __init__(self, units: Iterable[Unit], months: Iterable[Month], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].choices = [(str(unit.pk), unit.name) for unit in units]
        self.fields["month"].choices = [(str(month), month.label) for month in months]

    def clean_time(self) -> time:
        match = _TIME.fullmatch(self.cleaned_data["time"])
        try:
            return time(*(int(part) for part in match.groups(default="0")))
        except (AttributeError, ValueError) as error:
            raise forms.ValidationError("Giờ ghi như 17:00, hoặc 23:59:59.", code="bad_time") from error

    def moment(self) -> datetime:
        """Day and time in Vietnam, of a valid form."""
        day, hour = self.cleaned_data["day"], self.cleaned_data["time"]
        return datetime.combine(day, hour, tzinfo=get_default_timezone())


MONTHS_BACK = 12
PAGE_SIZE = 50
NO_REVIEWER = "Chỉ người duyệt số liệu của một cấp mới đặt được giờ chốt cho các đơn vị bên dưới."


@web.requires(Right.APPROVE)
def closing_times_page(request: HttpRequest) -> HttpResponse:
    """GET: the closing times and a form (`?unit=&month=` fills it in). POST sets or changes one; a moment in the past
    locks at once and needs a confirmation.
    """
    units = reviewed_units(request, NO_REVIEWER)
    if file := requested_file(
        request, {"": lambda: closing_times_file(_own_units(units).iterator(1_000), clock.now())}
    ):
        return file
    days = stored_calendar()
    running = days.month_of(request.day)
    months = [running.plus(-n) for n in range(MONTHS_BACK + 1)]
    if request.method != "POST":
        return _render_closing_times(
            request, units, ClosingTimeForm(units, months, initial=_initial_closing(request, units, months))
        )
    form = ClosingTimeForm(units, months, request.POST)
    if not form.is_valid():
        return _render_closing_times(request, units, form, status=400)
    unit = next(unit for unit in units if str(unit.pk) == form.cleaned_data["unit"])
    month, at = Month.parse(form.cleaned_data["month"]), form.moment()
    may_be = timezone.localdate(at) > days.span(month).end
    if may_be and at < clock.now() and request.POST.get("confirmed") != at.isoformat():
        # The confirmation is for this moment only; another one needs its own.
        return _render_closing_times(request, units, form, over=at)
    try:
        actions.set_closing_time(unit, month, at, by=request.user, at=clock.now(), days=days)
    except ActionRefused as refusal:
        form.add_error("day", refusal.message)
        return _render_closing_times(request, units, form, status=400)
    when = formatting.format_moment(timezone.localtime(at))
    messages.success(request, f"Đã đặt: báo cáo {month.label} của các đơn vị bên dưới khóa sau {when}.")
    return redirect("records:closing")


@web.requires(Right.APPROVE)
def remove_closing(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: removes a closing time; 404 for those who may not read its unit, 403 for those who do not review there."""
    closing = ClosingTime.objects.select_related("unit").filter(pk=pk).first()
    if closing is None or not is_allowed(request.user, Right.READ, closing.unit, request.day):
        raise Http404
    if closing.unit not in reviewed_units(request, NO_REVIEWER):
        raise PermissionDenied(NO_REVIEWER)
    if request.method != "POST":
        return redirect("records:closing")
    label = Month.from_number(closing.month).label
    with outcome_message(request, f"Đã bỏ giờ chốt {label} của {closing.unit.name}.", ActionRefused):
        actions.remove_closing_time(closing, by=request.user, at=clock.now())
    return redirect("records:closing")


def _initial_closing(request: HttpRequest, units: list[Unit], months: list[Month]) -> dict[str, object]:
    """The stored values of the unit and month in the address; by default the first unit, last month, 17:00."""
    unit = next((unit for unit in units if str(unit.pk) == request.GET.get("unit")), units[0])
    month = next((month for month in months if str(month) == request.GET.get("month")), months[1])
    stored = ClosingTime.objects.filter(unit=unit, month=month.number).first()
    chosen: dict[str, object] = {"unit": str(unit.pk), "month": str(month), "time": "17:00"}
    if stored is not None:
        when = timezone.localtime(stored.closes_at)
        chosen |= {"day": when.date(), "time": f"{when:%H:%M:%S}".removesuffix(":00")}
    return chosen


def _own_units(units: list[Unit]) -> QuerySet[ClosingTime]:
    own = ClosingTime.objects.filter(unit__in=units).select_related("unit")
    return own.order_by("-month", "unit__path")


def _render_closing_times(
    request: HttpRequest,
    units: list[Unit],
    form: ClosingTimeForm,
    status: int = 200,
    over: datetime | None = None,
) -> HttpResponse:
    """`over`: the chosen time, where it has passed and so needs a confirmation."""
    above = {unit_id for unit in units for unit_id in unit.ancestor_ids()}
    page = page_of(request, _own_units(units), PAGE_SIZE)
    others = (
        ClosingTime.objects.filter(unit__in=above).select_related("unit").order_by("-month", "unit__path")
    )
    now = clock.now()
    context = {
        "form": form,
        "over": over and over.isoformat(),
        "page": page,
        "closings": [_closing_line(closing, now) for closing in page.object_list],
        "above": [_closing_line(closing, now) for closing in others[:MONTHS_BACK]],
    }
    return render(request, "records/locking/closing_times.html", context, status=status)


def _closing_line(closing: ClosingTime, now: datetime) -> dict[str, object]:
    month = Month.from_number(closing.month)
    return {
        "closing": closing,
        "code": str(month),
        "label": month.label,
        "when": formatting.format_moment(timezone.localtime(closing.closes_at)),
        "over": now > closing.closes_at,
    }


@submission_action(Right.ASK_UNLOCK)
def ask_to_unlock(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST a reason: stores a request, for another person above to decide."""
    form = MonthReasonForm(request.POST)
    if not form.is_valid():
        return render_submission(request, submission, unlocking=form, status=400)
    try:
        actions.request_unlock(
            submission, reason=form.cleaned_data["reason"], by=request.user, at=clock.now()
        )
    except ActionRefused as refusal:
        return render_refused(request, submission, refusal, unlocking=form)
    messages.success(request, "Đã gửi đề nghị mở khóa. Báo cáo mở ra khi cấp trên đồng ý.")
    return redirect("records:submission", submission.pk)


@submission_action(Right.APPROVE)
def decide_unlock(request: HttpRequest, submission: Submission) -> HttpResponse:
    """POST the id of the request, the verdict and an answer; 403 for the requester."""
    form = UnlockForm(request.POST)
    if not form.is_valid():
        return render_submission(request, submission, unlocking=form, status=400)
    unlock_request = submission.unlock_requests.filter(pk=form.cleaned_data["request"]).first()
    if unlock_request is None:
        raise Http404
    grant = form.cleaned_data["verdict"] == UnlockForm.GRANT
    try:
        unlock_request = actions.decide_unlock_request(
            unlock_request, grant=grant, answer=form.cleaned_data["answer"], by=request.user, at=clock.now()
        )
    except ActionRefused as refusal:
        return render_refused(request, submission, refusal, unlocking=form)
    if grant:
        until = formatting.format_moment(timezone.localtime(unlock_request.open_until))
        messages.success(request, f"Đã mở khóa đến {until}; sau đó báo cáo tự khóa lại.")
    else:
        messages.success(request, "Đã trả lời không đồng ý mở khóa.")
    return redirect("records:submission", submission.pk)
