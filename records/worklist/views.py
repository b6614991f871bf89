"""The work list by role, and its tables as downloads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.core.paginator import Page
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst

from accounts.models import User
from core import clock, web
from core.registry import Registry
from core.web import Right, page_of
from figures.formatting import format_count
from figures.periods import Calendar, Month
from records.approval.queries import WaitingEdition, waiting_editions
from records.calendar.queries import DueDates, stored_calendar
from records.locking.actions import declined_requests, unlock_requests_for
from records.models import Edition, State, UnlockRequest
from records.reminders.queries import last_reminded, own_reminders
from records.submissions import month_status
from records.submissions.editability import (
    ClosingTimes,
    binding_closing_time,
    closing_times_by_month,
    is_locked,
)
from records.submissions.fetch import chosen_locations, with_own_mark
from records.submissions.month_status import missing_months
from records.summary.missing import count_sent, units_missing
from spreadsheets.table_writer import TableFile, requested_file
from units.access.gate import no_role_notice
from units.access.queries import memberships_of, visible_units
from units.access.unit_locations import UnitLocations
from units.models import Role, Unit, UnitKind

from .files import missing_months_file, status_matrix_file, waiting_file

_BATCH_SIZE = 50


def units_of_months(units: QuerySet[Unit], days: Calendar, months: list[Month]) -> QuerySet[Unit]:
    """Units that existed in any of the months; bodies outside the committee last."""
    start, end = days.span(months[0]).start, days.span(months[-1]).end
    last = Case(When(kind=UnitKind.EXTERNAL, then=1), default=0)
    return units.active_within(start, end).order_by(last, "tier", "code", "pk")


def worklist_files(
    request: HttpRequest, months: list[Month], due: DueDates, lies: UnitLocations
) -> dict[str, Callable[[], TableFile]]:
    """By name: `tinh-hinh` and `con-thieu` for readers, `cho-duyet` for reviewers too."""
    roles = {membership.role for membership in memberships_of(request.user, request.day)}
    at, day = clock.now(), request.day
    files: dict[str, Callable[[], TableFile]] = {}
    if roles - {Role.CLERK}:

        def units() -> Iterator[Unit]:
            # A function, because most requests are for the page and need no query.
            return units_of_months(
                _shown_units(request, Role.REVIEWER in roles, lies), due.days, months
            ).iterator(1_000)

        def statuses(units: list[Unit]) -> dict[int, list[month_status.MonthStatus]]:
            return month_status.month_statuses(units, months, day, due)

        files["tinh-hinh"] = lambda: status_matrix_file(units(), months, statuses, lies, at)
        files["con-thieu"] = lambda: missing_months_file(units(), statuses, lies, at)
    if Role.REVIEWER in roles:
        files["cho-duyet"] = lambda: waiting_file(_waiting_for_reviewer(request, day, lies), lies, at)
    return files


def _shown_units(request: HttpRequest, decides: bool, lies: UnitLocations) -> QuerySet[Unit]:
    """The units that a reviewer decides for; where there are none, all that the user can read."""
    decided = lies.narrow(month_status.units_reviewed_by(request.user, request.day)) if decides else None
    if decided is not None and decided.exists():
        return decided
    return lies.narrow(visible_units(request.user, request.day).reporting())


def _waiting_for_reviewer(request: HttpRequest, day: date, lies: UnitLocations) -> Iterator[WaitingEdition]:
    units = lies.narrow(month_status.units_reviewed_by(request.user, day))
    editions = Edition.objects.filter(submission__unit__in=units, state=State.SENT)
    sent = with_own_mark(editions, request.user).select_related("submission__unit")
    ids = list(sent.order_by("submission__month", "sent_at", "pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _BATCH_SIZE):
        some = {edition.pk: edition for edition in sent.filter(pk__in=ids[start : start + _BATCH_SIZE])}
        yield from waiting_editions([some[pk] for pk in ids[start : start + _BATCH_SIZE] if pk in some])


# What apps above add to the work list: each gives a template and its context, or None.
WORKLIST_PARTS: Registry[Callable[[HttpRequest], tuple[str, dict] | None]] = Registry()
MATRIX_MONTHS = 6
CLERK_MONTHS = 12
UNITS_PER_PAGE = 100
WAITING_PER_PAGE = 50
MAX_LISTED = 100
# Days for which a declined unlock request is shown to those who made it.
DECLINED_DAYS = 30
# The order of a clerk's list.
STATUS_ORDER = {"back": 0, "late": 1, "draft": 2, "open": 3}


@dataclass(frozen=True)
class StatusMatrix:
    """Units × months with the status of each."""

    months: list[Month]
    lines: list[tuple[Unit, list[month_status.MonthStatus]]]
    page: Page
    got: int
    expected: int


@web.requires(Right.SIGNED_IN)
def worklist(request: HttpRequest) -> HttpResponse:
    """GET; `?page=`: page of the matrix, `?cho=`: page of the waiting list, `?tinh=`: a province."""
    user, day = request.user, request.day
    if notice := no_role_notice(user, day):
        return render(request, "no_role.html", {"told": notice})
    due = DueDates(stored_calendar())
    months = month_status.ended_months(day, due.days, MATRIX_MONTHS)
    lies = chosen_locations(request, months, due.days)
    if file := requested_file(request, worklist_files(request, months, due, lies)):
        return file
    memberships = memberships_of(user, day)
    clerks = [membership.unit for membership in memberships if membership.role == Role.CLERK]
    decides = any(membership.role == Role.REVIEWER for membership in memberships)
    readers = any(membership.role != Role.CLERK for membership in memberships)
    context = {
        "months": months,
        "month": months[-1],
        "clerk": bool(clerks),
        "reviewer": decides,
        "lies": lies,
        "marks": list(month_status.STATUS_WORDS.items()),
    }
    if clerks:
        context |= _clerk_context(user, clerks, day, due)
    if decides:
        context |= _reviewer_context(request, due, months, lies)
    elif readers:
        units = lies.narrow(visible_units(user, day).reporting())
        page = _page_of_units(units, request, due.days, months)
        statuses = month_status.month_statuses(page.object_list, months, day, due)
        context["matrix"] = _matrix(page, statuses, months, count_sent(units, months[-1], due.days))
    context["finding"], context["lead"] = _headline(context)
    context["parts"] = [shown for part in WORKLIST_PARTS if (shown := part(request))]
    return render(request, "records/worklist/worklist.html", context)


def _clerk_context(user: User, units: list[Unit], day: date, due: DueDates) -> dict:
    """Months to send and months sent, of the user's units and their predecessors, with reminders."""
    months = month_status.ended_months(day, due.days, CLERK_MONTHS)
    units = [*units, *month_status.predecessors_of(units, due.days.span(months[0]).start, day)]
    statuses = month_status.month_statuses(units, months, day, due)
    running, now = months[-1].next(), clock.now()
    reminders = own_reminders(user, [*months, running])
    times = closing_times_by_month(month.number for month in months)
    declined = declined_requests(
        [status.pk for several in statuses.values() for status in several if status.pk],
        now - timedelta(DECLINED_DAYS),
    )
    all_statuses = [
        replace(
            status,
            reminded=tuple(reminders.get((unit.pk, status.month.number), ())),
            locked=_locked(status, times[status.month.number], now),
            declined=declined.get(status.pk),
        )
        for unit in units
        for status in statuses[unit.pk]
    ]
    unsent = [status for status in all_statuses if status.unsent]
    unsent.sort(key=lambda status: (STATUS_ORDER[status.key], -status.month.number))
    sent = [status for status in all_statuses if status.key in ("ok", "wait")]
    sent.sort(key=lambda status: -status.month.number)
    return {
        "owed": unsent,
        "done": sent[:MATRIX_MONTHS],
        "next_month": running,
        "next_from": due.days.span(running.next()).start,
        "next_reminded": [
            reminder for unit in units for reminder in reminders.get((unit.pk, running.number), ())
        ],
        "several": len(units) > 1,
    }


def _locked(status: month_status.MonthStatus, times: ClosingTimes, now: datetime) -> bool:
    """Whether nothing can be entered. For a month that was never opened the closing times decide."""
    if status.last is not None:
        return is_locked(status.last.submission, status.last, now)
    closes_at = binding_closing_time(times, status.unit)
    return closes_at is not None and now > closes_at


def _reviewer_context(request: HttpRequest, due: DueDates, months: list[Month], lies: UnitLocations) -> dict:
    """What waits for approval, is missing or was returned, and the matrix: of the units that the user decides for. The
    matrix shows all that the user can read where nearer reviewers decide for each of them.
    """
    units = lies.narrow(month_status.units_reviewed_by(request.user, request.day))
    editions = Edition.objects.filter(submission__unit__in=units).select_related("submission__unit")
    sent = with_own_mark(editions.filter(state=State.SENT), request.user)
    waits = page_of(request, sent.order_by("submission__month", "sent_at", "pk"), WAITING_PER_PAGE, "cho")
    shown = waiting_editions(waits.object_list)
    missing_units = list(units_missing(units, months, due.days).order_by("tier", "code")[: MAX_LISTED + 1])
    matrix_units, page = units, _page_of_units(units, request, due.days, months)
    if not page.paginator.count:
        matrix_units = lies.narrow(visible_units(request.user, request.day).reporting())
        page = _page_of_units(matrix_units, request, due.days, months)
    statuses = month_status.month_statuses([*page.object_list, *missing_units], months, request.day, due)
    returned = list(editions.filter(state=State.RETURNED).order_by("decided_at", "pk")[:MAX_LISTED])
    away = {edition.submission.unit_id for edition in returned}
    reminded = last_reminded({unit.pk for unit in missing_units} | away, months)
    missing = missing_months(missing_units[:MAX_LISTED], statuses, reminded)
    return {
        "waiting": shown,
        "waiting_page": waits,
        "clean": sum(waiting.clean for waiting in shown),
        "unlocks": _unlock_requests(request, lies),
        "missing": missing,
        "missing_late": [status for status in missing if status.late],
        "missing_due": [status for status in missing if not status.late],
        "missing_more": len(missing_units) > MAX_LISTED,
        "returned": [
            (edition, Month.from_number(edition.submission.month), reminded.get(edition.submission.unit_id))
            for edition in returned
        ],
        "matrix": _matrix(page, statuses, months, count_sent(matrix_units, months[-1], due.days)),
    }


def _unlock_requests(request: HttpRequest, lies: UnitLocations) -> list[tuple[UnlockRequest, Month]]:
    requests = unlock_requests_for(request.user, request.day)
    if lies.chosen:
        there = set(lies.narrow(Unit.objects.filter(pk__in={item.submission.unit_id for item in requests})))
        requests = [item for item in requests if item.submission.unit in there]
    return [(item, Month.from_number(item.submission.month)) for item in requests]


def _page_of_units(units: QuerySet[Unit], request: HttpRequest, days: Calendar, months: list[Month]) -> Page:
    page = page_of(request, units_of_months(units, days, months), UNITS_PER_PAGE)
    page.object_list = list(page.object_list)
    return page


def _matrix(
    page: Page,
    statuses: dict[int, list[month_status.MonthStatus]],
    months: list[Month],
    called: tuple[int, int],
) -> StatusMatrix:
    return StatusMatrix(months, [(unit, statuses[unit.pk]) for unit in page.object_list], page, *called)


def _headline(context: dict) -> tuple[str, str]:
    """The heading, which names what is most urgent, and a line beneath."""
    if context["reviewer"]:
        number, missing = context["waiting_page"].paginator.count, len(context["missing"])
        heading = f"{format_count(number)} báo cáo chờ duyệt" if number else "Không có báo cáo nào chờ duyệt"
        if missing:
            units = "đơn vị trở lên" if context["missing_more"] else "đơn vị"
            heading += f", {format_count(missing)} {units} chưa gửi"
        if context["unlocks"]:
            heading += f", {format_count(len(context['unlocks']))} đề nghị mở khóa"
        return heading, _progress(context)
    if context["clerk"]:
        unsent = context["owed"]
        back = sum(status.key == "back" for status in unsent)
        late = sum(status.key != "back" and status.late_days > 0 for status in unsent)
        parts = [f"{back} báo cáo bị trả lại" if back else "", f"{late} báo cáo quá hạn" if late else ""]
        other = len(unsent) - back - late
        parts.append(f"{other} báo cáo cần gửi" if other else "")
        text = ", ".join(part for part in parts if part)
        return (f"Còn {text}" if text else "Không còn báo cáo nào phải gửi"), ""
    matrix, month = context["matrix"], context["month"].label
    if not matrix.expected:
        return f"Không có đơn vị nào phải báo cáo {month}", ""
    month = capfirst(month)
    return f"{month}: {format_count(matrix.got)}/{format_count(matrix.expected)} đơn vị đã gửi báo cáo", ""


def _progress(context: dict) -> str:
    matrix, clean = context["matrix"], context["clean"]
    text = f"{capfirst(context['month'].label)}: "
    text += f"{format_count(matrix.got)}/{format_count(matrix.expected)} đơn vị đã gửi hoặc đã duyệt."
    return f"{clean} báo cáo không có điều cần xem, có thể duyệt cùng lúc. {text}" if clean else text
