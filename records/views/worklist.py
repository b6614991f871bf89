"""The work list: what the signed-in person has to do next, by role, and how the units below stand."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from figures.periods import Calendar, Month
from figures.writing import count
from records.models import Edition, State
from records.queries.calendar import calendar
from units import access
from units.access import Right
from units.models import Kind, Role, Unit

from . import board
from .waiting import waiting_for

MATRIX_MONTHS = 6
CLERK_MONTHS = 12
UNITS_A_PAGE = 100
WAITING_A_PAGE = 50
MOST_LISTED = 100
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
    """GET; `?page=` turns the pages of the matrix, `?cho=` those of what waits."""
    user, day, days = request.user, request.day, calendar()
    months = board.ended_months(day, days, MATRIX_MONTHS)
    held = access.memberships(user, day)
    clerks = [one.unit for one in held if one.role == Role.CLERK]
    decides = any(one.role == Role.REVIEWER for one in held)
    readers = [one.unit for one in held if one.role != Role.CLERK]
    context = {
        "months": months,
        "month": months[-1],
        "clerk": bool(clerks),
        "reviewer": decides,
        "marks": list(board.WORDS.items()),
    }
    if clerks:
        context |= _to_do(clerks, request, days)
    if decides:
        units = board.units_decided_by(user, day)
        context |= _to_decide(units, request, days, months)
    elif readers:
        units = access.visible(user, day).reporting()
    if decides or readers:
        context["matrix"] = _matrix(units, request, days, months)
    context["finding"], context["lead"] = _finding(context)
    return render(request, "records/worklist.html", context)


def _to_do(units: list[Unit], request: HttpRequest, days: Calendar) -> dict:
    """The own months: what is owed, and what is done."""
    months = board.ended_months(request.day, days, CLERK_MONTHS)
    found = board.standings(units, months, request.day, days)
    all_of_them = [one for unit in units for one in found[unit.pk]]
    owed = [one for one in all_of_them if one.owed]
    owed.sort(key=lambda one: (FIRST[one.mark], -one.month.number))
    done = [one for one in all_of_them if one.mark in ("ok", "wait")]
    done.sort(key=lambda one: -one.month.number)
    running = months[-1].next()
    return {
        "owed": owed,
        "done": done[:MATRIX_MONTHS],
        "next_month": running,
        "next_from": days.span(running.next()).start,
        "several": len(units) > 1,
    }


def _to_decide(units, request: HttpRequest, days: Calendar, months: list[Month]) -> dict:
    """What waits for the user, who is missing, and what was sent back."""
    editions = Edition.objects.filter(submission__unit__in=units).select_related("submission__unit")
    sent = editions.filter(state=State.SENT).order_by("submission__month", "sent_at", "pk")
    page = Paginator(sent, WAITING_A_PAGE).get_page(request.GET.get("cho"))
    silent = board.missing(units, months[-1], days).order_by("tier", "code")
    listed = list(silent[: MOST_LISTED + 1])
    standing = board.standings(listed[:MOST_LISTED], months[-1:], request.day, days)
    waiting = waiting_for(request.user, page.object_list)
    return {
        "waiting": waiting,
        "waiting_page": page,
        "clean": sum(one.clean for one in waiting),
        "missing": [one for found in standing.values() for one in found if one.mark != "back"],
        "missing_more": len(listed) > MOST_LISTED,
        "returned": [
            (one, Month.from_number(one.submission.month))
            for one in editions.filter(state=State.RETURNED).order_by("decided_at", "pk")[:MOST_LISTED]
        ],
    }


def _matrix(units, request: HttpRequest, days: Calendar, months: list[Month]) -> Matrix:
    span_start, span_end = days.span(months[0]).start, days.span(months[-1]).end
    last = Case(When(kind=Kind.EXTERNAL, then=1), default=0)
    there = units.active_within(span_start, span_end).order_by(last, "tier", "code", "pk")
    page = Paginator(there, UNITS_A_PAGE).get_page(request.GET.get("page"))
    on_page = list(page.object_list)
    found = board.standings(on_page, months, request.day, days)
    expected = board.expected(units, months[-1], days).count()
    absent = board.missing(units, months[-1], days).count()
    lines = [(unit, found[unit.pk]) for unit in on_page]
    return Matrix(months, lines, page, expected - absent, expected)


def _finding(context: dict) -> tuple[str, str]:
    """The heading: what is most urgent, in words with its numbers, and a line beneath."""
    if context["reviewer"]:
        number, silent = context["waiting_page"].paginator.count, len(context["missing"])
        heading = f"{count(number)} báo cáo chờ duyệt" if number else "Không có báo cáo nào chờ duyệt"
        if silent:
            heading += (
                f", {count(silent)}{' đơn vị trở lên' if context['missing_more'] else ' đơn vị'} chưa gửi"
            )
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
    if "matrix" in context:
        matrix = context["matrix"]
        month = context["month"].label
        if not matrix.expected:
            return f"Không có đơn vị nào phải báo cáo {month}", ""
        month = month[:1].upper() + month[1:]
        return f"{month}: {count(matrix.got)}/{count(matrix.expected)} đơn vị đã gửi báo cáo", ""
    return (
        "Bạn chưa được phân quyền ở đơn vị nào",
        "Hãy liên hệ người quản trị của cơ quan để được phân quyền.",
    )


def _progress(context: dict) -> str:
    matrix, clean = context["matrix"], context["clean"]
    told = f"{context['month'].label[:1].upper()}{context['month'].label[1:]}: "
    told += f"{count(matrix.got)}/{count(matrix.expected)} đơn vị đã gửi hoặc đã duyệt."
    return f"{clean} báo cáo không có điều cần xem, có thể duyệt cùng lúc. {told}" if clean else told
