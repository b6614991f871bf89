"""The page of closing times: when a committee locks a month for all units below it."""

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from cchc_dashboard import clock
from figures import writing
from figures.periods import Month
from records import actions
from records.actions import Refused
from records.forms.closing import ClosingForm
from records.models import ClosingTime
from records.outlets.rule_lists import closings_file
from records.queries.calendar import calendar
from units import access
from units.access import Right
from units.models import Unit
from units.tablefile import file_of

from .fetch import reviewed_units

MONTHS_BACK = 12
A_PAGE = 50
NOBODY = "Chỉ người duyệt số liệu của một cấp mới đặt được giờ chốt cho các đơn vị bên dưới."


@access.requires(Right.APPROVE)
def closing_times(request: HttpRequest) -> HttpResponse:
    """GET: what is set, with a form (`?unit=&month=` fills it in); POST sets or changes a closing time; one that has
    passed locks at once, and is asked about first.
    """
    units = reviewed_units(request, NOBODY)
    if file := file_of(request, {"": lambda: closings_file(_own(units).iterator(1_000), clock.now())}):
        return file
    days = calendar()
    running = days.month_of(request.day)
    months = [running.plus(-n) for n in range(MONTHS_BACK + 1)]
    if request.method != "POST":
        return _page(request, units, ClosingForm(units, months, initial=_initial(request, units, months)))
    form = ClosingForm(units, months, request.POST)
    if not form.is_valid():
        return _page(request, units, form, status=400)
    unit = next(one for one in units if str(one.pk) == form.cleaned_data["unit"])
    month, at = Month.parse(form.cleaned_data["month"]), form.moment()
    may_be = timezone.localdate(at) > days.span(month).end
    if may_be and at < clock.now() and request.POST.get("confirmed") != at.isoformat():
        # The button that says so again carries the moment: another one typed meanwhile is asked about anew.
        return _page(request, units, form, over=at)
    try:
        actions.set_closing_time(unit, month, at, by=request.user, at=clock.now(), days=days)
    except Refused as refusal:
        form.add_error("day", refusal.message)
        return _page(request, units, form, status=400)
    when = writing.moment(timezone.localtime(at))
    messages.success(request, f"Đã đặt: báo cáo {month.label} của các đơn vị bên dưới khóa sau {when}.")
    return redirect("records:closing")


@access.requires(Right.APPROVE)
def remove_closing_time(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: takes one back; 404 for those who may not read its unit, 403 for those who do not decide there."""
    closing = ClosingTime.objects.select_related("unit").filter(pk=pk).first()
    if closing is None or not access.allowed(request.user, Right.READ, closing.unit, request.day):
        raise Http404
    if closing.unit not in reviewed_units(request, NOBODY):
        raise PermissionDenied(NOBODY)
    if request.method != "POST":
        return redirect("records:closing")
    try:
        actions.remove_closing_time(closing, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        label = Month.from_number(closing.month).label
        messages.success(request, f"Đã bỏ giờ chốt {label} của {closing.unit.name}.")
    return redirect("records:closing")


def _initial(request: HttpRequest, units: list[Unit], months: list[Month]) -> dict[str, object]:
    """What is set for the unit and month of the address; else the first unit and the latest ended month, at 17:00."""
    unit = next((one for one in units if str(one.pk) == request.GET.get("unit")), units[0])
    month = next((one for one in months if str(one) == request.GET.get("month")), months[1])
    kept = ClosingTime.objects.filter(unit=unit, month=month.number).first()
    chosen: dict[str, object] = {"unit": str(unit.pk), "month": str(month), "time": "17:00"}
    if kept is not None:
        when = timezone.localtime(kept.closes_at)
        chosen |= {"day": when.date(), "time": f"{when:%H:%M:%S}".removesuffix(":00")}
    return chosen


def _own(units: list[Unit]) -> QuerySet[ClosingTime]:
    own = ClosingTime.objects.filter(unit__in=units).select_related("unit")
    return own.order_by("-month", "unit__path")


def _page(
    request: HttpRequest,
    units: list[Unit],
    form: ClosingForm,
    status: int = 200,
    over: datetime | None = None,
) -> HttpResponse:
    """`over`: the time that was chosen, where it has passed and so needs a second word."""
    above = {number for unit in units for number in unit.ancestor_ids()}
    page = Paginator(_own(units), A_PAGE).get_page(request.GET.get("page"))
    others = (
        ClosingTime.objects.filter(unit__in=above).select_related("unit").order_by("-month", "unit__path")
    )
    now = clock.now()
    context = {
        "form": form,
        "over": over and over.isoformat(),
        "page": page,
        "closings": [_line(one, now) for one in page.object_list],
        "above": [_line(one, now) for one in others[:MONTHS_BACK]],
    }
    return render(request, "records/closing.html", context, status=status)


def _line(one: ClosingTime, now: datetime) -> dict[str, object]:
    month = Month.from_number(one.month)
    return {
        "closing": one,
        "code": str(month),
        "label": month.label,
        "when": writing.moment(timezone.localtime(one.closes_at)),
        "over": now > one.closes_at,
    }
