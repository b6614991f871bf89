"""The work list by role, and its tables as downloads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.text import capfirst

from accounts.models import User
from core import clock, web
from core.registry import Registry
from core.web import Right
from figures.formatting import format_count
from figures.periods import Calendar, Month
from records.approval.queries import WaitingEdition, waiting_editions
from records.calendar.queries import DueDates, stored_calendar
from records.locking.actions import declined_requests, unlock_requests_for
from records.models import Edition, State, UnlockRequest
from records.reminders.queries import last_reminded, own_reminders
from records.submissions import month_status
from records.submissions.fetch import chosen_locations, with_own_mark
from records.submissions.locks import ClosingTimes, binding_closing_time, closing_times_by_month, is_locked
from records.submissions.month_status import missing_months, units_missing
from spreadsheets.table_writer import TableFile, requested_file
from units.access.gate import no_role_notice
from units.access.queries import memberships_of, visible_units
from units.access.unit_locations import UnitLocations
from units.models import Role, Unit, UnitKind

from .files import missing_months_file, status_matrix_file, waiting_file

_BATCH_SIZE = 50


def units_of_months(units: QuerySet[Unit], days: Calendar, months: list[Month]) -> QuerySet[Unit]:
    """Units that were there in any of the months; bodies outside the committee last."""
    start, end = days.span(months[0]).start, days.span(months[-1]).end
    last = Case(When(kind=UnitKind.EXTERNAL, then=1), default=0)
    return units.active_within(start, end).order_by(last, "tier", "code", "pk")


def worklist_files(
    request: HttpRequest, months: list[Month], due: DueDates, lies: UnitLocations
) -> dict[str, Callable[[], TableFile]]:
    """By name: `tinh-hinh` and `con-thieu` for readers, `cho-duyet` for reviewers too."""
    roles = {one.role for one in memberships_of(request.user, request.day)}
    at, day = clock.now(), request.day
    found: dict[str, Callable[[], TableFile]] = {}
    if roles - {Role.CLERK}:

        def seen() -> Iterator[Unit]:
            # Asked only where a file is: most visits are for the page.
            return units_of_months(
                _shown_units(request, Role.REVIEWER in roles, lies), due.days, months
            ).iterator(1_000)

        def standings(units: list[Unit]) -> dict[int, list[month_status.MonthStatus]]:
            return month_status.month_statuses(units, months, day, due)

        found["tinh-hinh"] = lambda: status_matrix_file(seen(), months, standings, lies, at)
        found["con-thieu"] = lambda: missing_months_file(seen(), standings, lies, at)
    if Role.REVIEWER in roles:
        found["cho-duyet"] = lambda: waiting_file(_waiting_for_reviewer(request, day, lies), lies, at)
    return found


def _shown_units(request: HttpRequest, decides: bool, lies: UnitLocations) -> QuerySet[Unit]:
    """The units that a reviewer decides for; of who decides for none, all that can be read."""
    decided = lies.narrow(month_status.units_reviewed_by(request.user, request.day)) if decides else None
    if decided is not None and decided.exists():
        return decided
    return lies.narrow(visible_units(request.user, request.day).reporting())


def _waiting_for_reviewer(request: HttpRequest, day: date, lies: UnitLocations) -> Iterator[WaitingEdition]:
    units = lies.narrow(month_status.units_reviewed_by(request.user, day))
    editions = Edition.objects.filter(submission__unit__in=units, state=State.SENT)
    sent = with_own_mark(editions, request.user).select_related("submission__unit")
    numbers = list(sent.order_by("submission__month", "sent_at", "pk").values_list("pk", flat=True))
    for start in range(0, len(numbers), _BATCH_SIZE):
        some = {one.pk: one for one in sent.filter(pk__in=numbers[start : start + _BATCH_SIZE])}
        yield from waiting_editions([some[pk] for pk in numbers[start : start + _BATCH_SIZE] if pk in some])


# What apps above add to the work list: each gives a template and its context, or None.
WORKLIST_PARTS: Registry[Callable[[HttpRequest], tuple[str, dict] | None]] = Registry()
MATRIX_MONTHS = 6
CLERK_MONTHS = 12
UNITS_PER_PAGE = 100
WAITING_PER_PAGE = 50
MAX_LISTED = 100
# So long a declined request to unlock stands in the list of who asked.
DECLINED_DAYS = 30
# What a clerk does first.
STATUS_ORDER = {"back": 0, "late": 1, "draft": 2, "open": 3}


@dataclass(frozen=True)
class StatusMatrix:
    """Units × months with the standing of each."""

    months: list[Month]
    lines: list[tuple[Unit, list[month_status.MonthStatus]]]
    page: Page
    got: int
    expected: int


@web.requires(Right.SIGNED_IN)
def worklist(request: HttpRequest) -> HttpResponse:
    """GET; `?page=` turns the pages of the matrix, `?cho=` those of what waits, `?tinh=` narrows to a province."""
    user, day = request.user, request.day
    if lacking := no_role_notice(user, day):
        return render(request, "no_role.html", {"told": lacking})
    due = DueDates(stored_calendar())
    months = month_status.ended_months(day, due.days, MATRIX_MONTHS)
    lies = chosen_locations(request, months, due.days)
    if file := requested_file(request, worklist_files(request, months, due, lies)):
        return file
    held = memberships_of(user, day)
    clerks = [one.unit for one in held if one.role == Role.CLERK]
    decides = any(one.role == Role.REVIEWER for one in held)
    readers = any(one.role != Role.CLERK for one in held)
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
        found = month_status.month_statuses(page.object_list, months, day, due)
        context["matrix"] = _matrix(page, found, months, month_status.count_sent(units, months[-1], due.days))
    context["finding"], context["lead"] = _headline(context)
    context["parts"] = [shown for part in WORKLIST_PARTS if (shown := part(request))]
    return render(request, "records/worklist/worklist.html", context)


def _clerk_context(user: User, units: list[Unit], day: date, due: DueDates) -> dict:
    """The own months, and those of units that went over into the own: what is owed, and what is done; and what the user
    was reminded of.
    """
    months = month_status.ended_months(day, due.days, CLERK_MONTHS)
    units = [*units, *month_status.predecessors_of(units, due.days.span(months[0]).start, day)]
    found = month_status.month_statuses(units, months, day, due)
    running, now = months[-1].next(), clock.now()
    reminders = own_reminders(user, [*months, running])
    times = closing_times_by_month(month.number for month in months)
    refused = declined_requests(
        [one.pk for several in found.values() for one in several if one.pk], now - timedelta(DECLINED_DAYS)
    )
    all_of_them = [
        replace(
            one,
            reminded=tuple(reminders.get((unit.pk, one.month.number), ())),
            locked=_locked(one, times[one.month.number], now),
            declined=refused.get(one.pk),
        )
        for unit in units
        for one in found[unit.pk]
    ]
    owed = [one for one in all_of_them if one.owed]
    owed.sort(key=lambda one: (STATUS_ORDER[one.mark], -one.month.number))
    done = [one for one in all_of_them if one.mark in ("ok", "wait")]
    done.sort(key=lambda one: -one.month.number)
    return {
        "owed": owed,
        "done": done[:MATRIX_MONTHS],
        "next_month": running,
        "next_from": due.days.span(running.next()).start,
        "next_reminded": [one for unit in units for one in reminders.get((unit.pk, running.number), ())],
        "several": len(units) > 1,
    }


def _locked(one: month_status.MonthStatus, times: ClosingTimes, now: datetime) -> bool:
    """Whether nothing can be entered: a month that was never opened is bound by the closing times as they are."""
    if one.last is not None:
        return is_locked(one.last.submission, one.last, now)
    closes_at = binding_closing_time(times, one.unit)
    return closes_at is not None and now > closes_at


def _reviewer_context(request: HttpRequest, due: DueDates, months: list[Month], lies: UnitLocations) -> dict:
    """What waits for the user, who is missing, what was sent back, and how all stand: the units that the user decides
    for, or all that can be read where nearer reviewers decide for each of them.
    """
    units = lies.narrow(month_status.units_reviewed_by(request.user, request.day))
    editions = Edition.objects.filter(submission__unit__in=units).select_related("submission__unit")
    sent = with_own_mark(editions.filter(state=State.SENT), request.user)
    pages = Paginator(sent.order_by("submission__month", "sent_at", "pk"), WAITING_PER_PAGE)
    waits = pages.get_page(request.GET.get("cho"))
    shown = waiting_editions(waits.object_list)
    lacking = list(units_missing(units, months, due.days).order_by("tier", "code")[: MAX_LISTED + 1])
    told, page = units, _page_of_units(units, request, due.days, months)
    if not page.paginator.count:
        told = lies.narrow(visible_units(request.user, request.day).reporting())
        page = _page_of_units(told, request, due.days, months)
    found = month_status.month_statuses([*page.object_list, *lacking], months, request.day, due)
    returned = list(editions.filter(state=State.RETURNED).order_by("decided_at", "pk")[:MAX_LISTED])
    away = {one.submission.unit_id for one in returned}
    reminded = last_reminded({unit.pk for unit in lacking} | away, months)
    missing = missing_months(lacking[:MAX_LISTED], found, reminded)
    return {
        "waiting": shown,
        "waiting_page": waits,
        "clean": sum(one.clean for one in shown),
        "unlocks": _unlock_requests(request, lies),
        "missing": missing,
        "missing_late": [one for one in missing if one.late],
        "missing_due": [one for one in missing if not one.late],
        "missing_more": len(lacking) > MAX_LISTED,
        "returned": [
            (one, Month.from_number(one.submission.month), reminded.get(one.submission.unit_id))
            for one in returned
        ],
        "matrix": _matrix(page, found, months, month_status.count_sent(told, months[-1], due.days)),
    }


def _unlock_requests(request: HttpRequest, lies: UnitLocations) -> list[tuple[UnlockRequest, Month]]:
    asked = unlock_requests_for(request.user, request.day)
    if lies.chosen:
        there = set(lies.narrow(Unit.objects.filter(pk__in={one.submission.unit_id for one in asked})))
        asked = [one for one in asked if one.submission.unit in there]
    return [(one, Month.from_number(one.submission.month)) for one in asked]


def _page_of_units(units: QuerySet[Unit], request: HttpRequest, days: Calendar, months: list[Month]) -> Page:
    page = Paginator(units_of_months(units, days, months), UNITS_PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    return page


def _matrix(
    page: Page, found: dict[int, list[month_status.MonthStatus]], months: list[Month], called: tuple[int, int]
) -> StatusMatrix:
    return StatusMatrix(months, [(unit, found[unit.pk]) for unit in page.object_list], page, *called)


def _headline(context: dict) -> tuple[str, str]:
    """The heading: what is most urgent, in words with its numbers, and a line beneath."""
    if context["reviewer"]:
        number, lacking = context["waiting_page"].paginator.count, len(context["missing"])
        heading = f"{format_count(number)} báo cáo chờ duyệt" if number else "Không có báo cáo nào chờ duyệt"
        if lacking:
            units = "đơn vị trở lên" if context["missing_more"] else "đơn vị"
            heading += f", {format_count(lacking)} {units} chưa gửi"
        if context["unlocks"]:
            heading += f", {format_count(len(context['unlocks']))} đề nghị mở khóa"
        return heading, _progress(context)
    if context["clerk"]:
        owed = context["owed"]
        back = sum(one.mark == "back" for one in owed)
        late = sum(one.mark != "back" and one.late_days > 0 for one in owed)
        parts = [f"{back} báo cáo bị trả lại" if back else "", f"{late} báo cáo quá hạn" if late else ""]
        other = len(owed) - back - late
        parts.append(f"{other} báo cáo cần gửi" if other else "")
        said = ", ".join(part for part in parts if part)
        return (f"Còn {said}" if said else "Không còn báo cáo nào phải gửi"), ""
    matrix, month = context["matrix"], context["month"].label
    if not matrix.expected:
        return f"Không có đơn vị nào phải báo cáo {month}", ""
    month = capfirst(month)
    return f"{month}: {format_count(matrix.got)}/{format_count(matrix.expected)} đơn vị đã gửi báo cáo", ""


def _progress(context: dict) -> str:
    matrix, clean = context["matrix"], context["clean"]
    told = f"{capfirst(context['month'].label)}: "
    told += f"{format_count(matrix.got)}/{format_count(matrix.expected)} đơn vị đã gửi hoặc đã duyệt."
    return f"{clean} báo cáo không có điều cần xem, có thể duyệt cùng lúc. {told}" if clean else told
