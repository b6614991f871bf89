"""The POST address at which a reviewer urges one unit, or all that are missing."""

from collections.abc import Iterable

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst

from core import clock, mail_server, web
from core.web import Right
from figures.formatting import format_count
from records.calendar.queries import DueDates, stored_calendar
from records.submissions import month_status
from records.submissions.fetch import chosen_locations, redirect_to_worklist
from records.submissions.month_status import missing_months
from records.summary.missing import units_missing
from units.access.queries import has_right_anywhere, unit_for
from units.models import Unit

from .actions import MailRun, ReminderOutcome, ReminderResult, UrgeResult, urge_person
from .queries import UnsentMonth, months_to_urge, other_contacts

MONTHS_BACK = 6
_MAX_NAMED = 10


@web.requires(Right.APPROVE)
def urge_units(request: HttpRequest) -> HttpResponse:
    """POST a unit's id, or none: all units with missing months that the user approves, with `?tinh=` those of one
    province. Each person at most once a day.
    """
    if request.method != "POST":
        return redirect("records:worklist")
    form = UrgeForm(request.POST)
    if not form.is_valid():
        raise BadRequest("Không rõ đôn đốc đơn vị nào.")
    number, due = form.cleaned_data["unit"], DueDates(stored_calendar())
    unsent = _missing_of_unit(request, number, due) if number else _missing_of_all(request, due)
    post = MailRun()
    try:
        urged = urge_person(unsent, post, by=request.user, at=clock.now())
    finally:
        post.close()
    _report_result(request, urged, bool(unsent))
    return redirect_to_worklist(request)


def _missing_of_unit(request: HttpRequest, number: int, due: DueDates) -> list[UnsentMonth]:
    unit = unit_for(request.user, number, request.day, Right.APPROVE)
    return _months_to_urge(request, [unit], due, returned=True)


def _missing_of_all(request: HttpRequest, due: DueDates) -> list[UnsentMonth]:
    if not has_right_anywhere(request.user, Right.APPROVE, request.day):
        raise PermissionDenied("Chỉ người duyệt số liệu đôn đốc được các đơn vị.")
    months = month_status.ended_months(request.day, due.days, MONTHS_BACK)
    lies = chosen_locations(request, months, due.days)
    units = lies.narrow(month_status.units_reviewed_by(request.user, request.day))
    return _months_to_urge(
        request, list(units_missing(units, months, due.days).order_by("tier", "code")), due, returned=False
    )


def _months_to_urge(
    request: HttpRequest, units: list[Unit], due: DueDates, *, returned: bool
) -> list[UnsentMonth]:
    months = month_status.ended_months(request.day, due.days, MONTHS_BACK)
    statuses = month_status.month_statuses(units, months, request.day, due)
    if not returned:
        return [
            month
            for line in missing_months(units, statuses, {})
            for month in months_to_urge(line.months, due.days, request.day)
        ]
    return [month for unit in units for month in months_to_urge(statuses[unit.pk], due.days, request.day)]


def _report_result(request: HttpRequest, urged: UrgeResult, any_missing: bool) -> None:
    """Messages: who was urged, who was not and why, whom to call instead."""
    of = {way: [person for person in urged.people if person.way is way] for way in ReminderOutcome}
    reached = [*of[ReminderOutcome.MAILED], *of[ReminderOutcome.NO_ADDRESS], *of[ReminderOutcome.MUTED]]
    if reached:
        mailed = format_count(len(of[ReminderOutcome.MAILED]))
        sentence = f"Đã đôn đốc {format_count(len(reached))} người, {mailed} người qua thư điện tử."
        if of[ReminderOutcome.MAILED] and not mail_server.sends_outside():
            sentence = (
                f"Đã đôn đốc {format_count(len(reached))} người trong Việc của tôi. "
                "Hệ thống chưa đặt máy chủ thư nên thư chưa đi."
            )
        messages.success(request, sentence)
    _warn(
        request, "Chưa có địa chỉ thư điện tử, nên gọi điện: ", _person_names(of[ReminderOutcome.NO_ADDRESS])
    )
    _warn(
        request,
        "Không nhận nhắc việc qua thư điện tử, nên gọi điện: ",
        _person_names(of[ReminderOutcome.MUTED]),
    )
    _warn(
        request,
        "Máy chủ thư không nhận, chưa đôn đốc được, hãy bấm lại sau: ",
        _person_names(of[ReminderOutcome.REFUSED]),
    )
    calls = other_contacts(urged.without_clerk, request.day) if urged.without_clerk else {}
    for unit in urged.without_clerk[:_MAX_NAMED]:
        whom = ", ".join(calls.get(unit.pk, ())) or "trụ sở đơn vị"
        messages.warning(request, f"{capfirst(unit.name)} chưa có người nhập số liệu. Nên gọi điện: {whom}.")
    if more := len(urged.without_clerk[_MAX_NAMED:]):
        messages.warning(request, f"Còn {format_count(more)} đơn vị khác chưa có người nhập số liệu.")
    if urged.left:
        messages.info(
            request, f"Còn {format_count(urged.left)} người chưa đôn đốc: bấm Đôn đốc tất cả lần nữa."
        )
    if urged.before and not reached:
        messages.info(request, "Hôm nay đã đôn đốc rồi, mỗi người một ngày một lần.")
    if not any_missing:
        messages.info(request, "Không còn báo cáo nào phải đôn đốc.")


def _person_names(people: Iterable[ReminderResult]) -> list[str]:
    return [str(person.user) for person in people]


def _warn(request: HttpRequest, words: str, names: list[str]) -> None:
    if names:
        more = len(names) - _MAX_NAMED
        messages.warning(
            request,
            words
            + ", ".join(names[:_MAX_NAMED])
            + (f" và {format_count(more)} người khác." if more > 0 else "."),
        )


class UrgeForm(forms.Form):
    """The unit to urge; without one, all with missing months."""

    unit = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
