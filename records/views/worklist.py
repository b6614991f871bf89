"""The work list: what the signed-in person has to do next, by role, and how the units below stand."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from django.utils.text import capfirst

from cchc_dashboard import clock
from figures.periods import Calendar, Month
from figures.writing import count
from records.models import Edition, State, UnlockRequest
from records.queries import board
from records.queries.calendar import DueDates, calendar
from records.queries.closing import Times, binding, times_of
from records.queries.locks import is_locked
from records.queries.owing import owing, silent
from records.queries.reminders import last_reminded, own_reminders
from records.queries.unlocking import declined, waiting_for
from records.queries.waiting import waiting, with_own_mark
from units import access
from units.access import Right
from units.models import Role, Unit, User
from units.tablefile import file_of
from units.whereabouts import Whereabouts
from units.without_role import without_role

from .work_files import tables, units_there, where_units_lie

MATRIX_MONTHS = 6
CLERK_MONTHS = 12
UNITS_A_PAGE = 100
WAITING_A_PAGE = 50
MOST_LISTED = 100
# So long a declined request to unlock stands in the list of who asked.
DECLINED_DAYS = 30
# What a clerk does first.
FIRST = {"back": 0, "late": 1, "draft": 2, "open": 3}


@dataclass(frozen=True)
class Matrix:
    """Units × months with the standing of each."""

    months: list[Month]
    lines: list[tuple[Unit, list[board.Standing]]]
    page: Page
    got: int
    expected: int


@access.requires(Right.SIGNED_IN)
def worklist(request: HttpRequest) -> HttpResponse:
    """GET; `?page=` turns the pages of the matrix, `?cho=` those of what waits, `?tinh=` narrows to a province."""
    user, day = request.user, request.day
    if lacking := without_role(user, day):
        return render(request, "no_role.html", {"told": lacking})
    due = DueDates(calendar())
    months = board.ended_months(day, due.days, MATRIX_MONTHS)
    lies = where_units_lie(request, months, due.days)
    if file := file_of(request, tables(request, months, due, lies)):
        return file
    held = access.memberships(user, day)
    clerks = [one.unit for one in held if one.role == Role.CLERK]
    decides = any(one.role == Role.REVIEWER for one in held)
    readers = any(one.role != Role.CLERK for one in held)
    context = {
        "months": months,
        "month": months[-1],
        "clerk": bool(clerks),
        "reviewer": decides,
        "lies": lies,
        "marks": list(board.WORDS.items()),
    }
    if clerks:
        context |= _to_do(user, clerks, day, due)
    if decides:
        context |= _to_decide(request, due, months, lies)
    elif readers:
        units = lies.narrow(access.visible(user, day).reporting())
        page = _page_of_units(units, request, due.days, months)
        found = board.standings(page.object_list, months, day, due)
        context["matrix"] = _matrix(page, found, months, board.roll_call(units, months[-1], due.days))
    context["finding"], context["lead"] = _finding(context)
    context["parts"] = [part for path in settings.WORKLIST_PARTS if (part := import_string(path)(request))]
    return render(request, "records/worklist.html", context)


def _to_do(user: User, units: list[Unit], day: date, due: DueDates) -> dict:
    """The own months, and those of units that went over into the own: what is owed, and what is done; and what the user
    was reminded of.
    """
    months = board.ended_months(day, due.days, CLERK_MONTHS)
    units = [*units, *board.answered_for(units, due.days.span(months[0]).start, day)]
    found = board.standings(units, months, day, due)
    running, now = months[-1].next(), clock.now()
    reminders = own_reminders(user, [*months, running])
    times = times_of(month.number for month in months)
    refused = declined(
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
    owed.sort(key=lambda one: (FIRST[one.mark], -one.month.number))
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


def _locked(one: board.Standing, times: Times, now: datetime) -> bool:
    """Whether nothing can be entered: a month that was never opened is bound by the closing times as they are."""
    if one.last is not None:
        return is_locked(one.last.submission, one.last, now)
    closes_at = binding(times, one.unit)
    return closes_at is not None and now > closes_at


def _to_decide(request: HttpRequest, due: DueDates, months: list[Month], lies: Whereabouts) -> dict:
    """What waits for the user, who is missing, what was sent back, and how all stand: the units that the user decides
    for, or all that can be read where nearer reviewers decide for each of them.
    """
    units = lies.narrow(board.units_decided_by(request.user, request.day))
    editions = Edition.objects.filter(submission__unit__in=units).select_related("submission__unit")
    sent = with_own_mark(editions.filter(state=State.SENT), request.user)
    pages = Paginator(sent.order_by("submission__month", "sent_at", "pk"), WAITING_A_PAGE)
    waits = pages.get_page(request.GET.get("cho"))
    shown = waiting(waits.object_list)
    lacking = list(silent(units, months, due.days).order_by("tier", "code")[: MOST_LISTED + 1])
    told, page = units, _page_of_units(units, request, due.days, months)
    if not page.paginator.count:
        told = lies.narrow(access.visible(request.user, request.day).reporting())
        page = _page_of_units(told, request, due.days, months)
    found = board.standings([*page.object_list, *lacking], months, request.day, due)
    returned = list(editions.filter(state=State.RETURNED).order_by("decided_at", "pk")[:MOST_LISTED])
    away = {one.submission.unit_id for one in returned}
    reminded = last_reminded({unit.pk for unit in lacking} | away, months)
    missing = owing(lacking[:MOST_LISTED], found, reminded)
    return {
        "waiting": shown,
        "waiting_page": waits,
        "clean": sum(one.clean for one in shown),
        "unlocks": _unlocks(request, lies),
        "missing": missing,
        "missing_late": [one for one in missing if one.late],
        "missing_due": [one for one in missing if not one.late],
        "missing_more": len(lacking) > MOST_LISTED,
        "returned": [
            (one, Month.from_number(one.submission.month), reminded.get(one.submission.unit_id))
            for one in returned
        ],
        "matrix": _matrix(page, found, months, board.roll_call(told, months[-1], due.days)),
    }


def _unlocks(request: HttpRequest, lies: Whereabouts) -> list[tuple[UnlockRequest, Month]]:
    asked = waiting_for(request.user, request.day)
    if lies.chosen:
        there = set(lies.narrow(Unit.objects.filter(pk__in={one.submission.unit_id for one in asked})))
        asked = [one for one in asked if one.submission.unit in there]
    return [(one, Month.from_number(one.submission.month)) for one in asked]


def _page_of_units(units: QuerySet[Unit], request: HttpRequest, days: Calendar, months: list[Month]) -> Page:
    page = Paginator(units_there(units, days, months), UNITS_A_PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    return page


def _matrix(
    page: Page, found: dict[int, list[board.Standing]], months: list[Month], called: tuple[int, int]
) -> Matrix:
    return Matrix(months, [(unit, found[unit.pk]) for unit in page.object_list], page, *called)


def _finding(context: dict) -> tuple[str, str]:
    """The heading: what is most urgent, in words with its numbers, and a line beneath."""
    if context["reviewer"]:
        number, lacking = context["waiting_page"].paginator.count, len(context["missing"])
        heading = f"{count(number)} báo cáo chờ duyệt" if number else "Không có báo cáo nào chờ duyệt"
        if lacking:
            units = "đơn vị trở lên" if context["missing_more"] else "đơn vị"
            heading += f", {count(lacking)} {units} chưa gửi"
        if context["unlocks"]:
            heading += f", {count(len(context['unlocks']))} đề nghị mở khóa"
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
    return f"{month}: {count(matrix.got)}/{count(matrix.expected)} đơn vị đã gửi báo cáo", ""


def _progress(context: dict) -> str:
    matrix, clean = context["matrix"], context["clean"]
    told = f"{capfirst(context['month'].label)}: "
    told += f"{count(matrix.got)}/{count(matrix.expected)} đơn vị đã gửi hoặc đã duyệt."
    return f"{clean} báo cáo không có điều cần xem, có thể duyệt cùng lúc. {told}" if clean else told
