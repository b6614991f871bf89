"""The reviewer urges those who have not sent: one unit, or all that are listed as silent."""

from collections.abc import Iterable

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cchc_dashboard import clock
from figures.writing import count
from records.actions.reminding import Reminded, Urged, Way, urge
from records.forms.months import UrgeForm
from records.letters import Post
from records.queries import board
from records.queries.calendar import DueDates, calendar
from records.queries.owing import owed, owing, silent
from records.queries.reminders import Owed, others_at
from units import access, mailing
from units.access import Right
from units.models import Unit

from .work_files import back_to_list, where_units_lie

MONTHS = 6
_MOST_NAMED = 10


@access.requires(Right.APPROVE)
def urge_units(request: HttpRequest) -> HttpResponse:
    """POST the number of a unit, or none: all silent units whose months the user approves, with `?tinh=` those of one
    province. Once a day a person.
    """
    if request.method != "POST":
        return redirect("records:worklist")
    form = UrgeForm(request.POST)
    if not form.is_valid():
        raise BadRequest("Không rõ đôn đốc đơn vị nào.")
    number, due = form.cleaned_data["unit"], DueDates(calendar())
    found = _of_one(request, number, due) if number else _of_all(request, due)
    post = Post()
    try:
        urged = urge(found, post, by=request.user, at=clock.now())
    finally:
        post.close()
    _tell(request, urged, bool(found))
    return back_to_list(request)


def _of_one(request: HttpRequest, number: int, due: DueDates) -> list[Owed]:
    unit = access.unit_for(request.user, number, request.day, Right.APPROVE)
    return _owed(request, [unit], due, returned=True)


def _of_all(request: HttpRequest, due: DueDates) -> list[Owed]:
    if not access.acts_anywhere(request.user, Right.APPROVE, request.day):
        raise PermissionDenied("Chỉ người duyệt số liệu đôn đốc được các đơn vị.")
    months = board.ended_months(request.day, due.days, MONTHS)
    lies = where_units_lie(request, months, due.days)
    units = lies.narrow(board.units_decided_by(request.user, request.day))
    return _owed(request, list(silent(units, months, due.days).order_by("tier", "code")), due, returned=False)


def _owed(request: HttpRequest, units: list[Unit], due: DueDates, *, returned: bool) -> list[Owed]:
    months = board.ended_months(request.day, due.days, MONTHS)
    found = board.standings(units, months, request.day, due)
    if not returned:
        return [one for line in owing(units, found, {}) for one in owed(line.months, due.days, request.day)]
    return [one for unit in units for one in owed(found[unit.pk], due.days, request.day)]


def _tell(request: HttpRequest, urged: Urged, owes: bool) -> None:
    """What was done, and what was not and why: whom to call instead."""
    of = {way: [one for one in urged.people if one.way is way] for way in Way}
    reached = [*of[Way.MAILED], *of[Way.NO_ADDRESS], *of[Way.MUTED]]
    if reached:
        mailed = count(len(of[Way.MAILED]))
        told = f"Đã đôn đốc {count(len(reached))} người, {mailed} người qua thư điện tử."
        if of[Way.MAILED] and not mailing.leaves():
            told = (
                f"Đã đôn đốc {count(len(reached))} người trong Việc của tôi. "
                "Hệ thống chưa đặt máy chủ thư nên thư chưa đi."
            )
        messages.success(request, told)
    _warn(request, "Chưa có địa chỉ thư điện tử, nên gọi điện: ", _names(of[Way.NO_ADDRESS]))
    _warn(request, "Không nhận nhắc việc qua thư điện tử, nên gọi điện: ", _names(of[Way.MUTED]))
    _warn(request, "Máy chủ thư không nhận, chưa đôn đốc được, hãy bấm lại sau: ", _names(of[Way.REFUSED]))
    calls = others_at(urged.without_clerk, request.day) if urged.without_clerk else {}
    for unit in urged.without_clerk[:_MOST_NAMED]:
        whom = ", ".join(calls.get(unit.pk, ())) or "trụ sở đơn vị"
        messages.warning(request, f"{_capital(unit.name)} chưa có người nhập số liệu. Nên gọi điện: {whom}.")
    if more := len(urged.without_clerk[_MOST_NAMED:]):
        messages.warning(request, f"Còn {count(more)} đơn vị khác chưa có người nhập số liệu.")
    if urged.left:
        messages.info(request, f"Còn {count(urged.left)} người chưa đôn đốc: bấm Đôn đốc tất cả lần nữa.")
    if urged.before and not reached:
        messages.info(request, "Hôm nay đã đôn đốc rồi, mỗi người một ngày một lần.")
    if not owes:
        messages.info(request, "Không còn báo cáo nào phải đôn đốc.")


def _names(people: Iterable[Reminded]) -> list[str]:
    return [str(one.user) for one in people]


def _warn(request: HttpRequest, words: str, names: list[str]) -> None:
    if names:
        more = len(names) - _MOST_NAMED
        messages.warning(
            request,
            words + ", ".join(names[:_MOST_NAMED]) + (f" và {count(more)} người khác." if more > 0 else "."),
        )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
