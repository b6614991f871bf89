"""The page of groups of columns: which ones a committee asks its units for, from which month on."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from figures.periods import Month
from records import actions
from records.actions import Refused
from records.forms.groups import SwitchForm
from records.models import GroupSwitch, SwitchedGroup
from records.outlets.rule_lists import switches_file
from records.queries.calendar import calendar
from units import access
from units.access import Right
from units.models import Unit, subtree
from units.tablefile import file_of
from units.whereabouts import whereabouts

from .fetch import reviewed_units

MONTHS_BACK, MONTHS_AHEAD = 3, 6
A_PAGE = 100
NOBODY = "Chỉ người duyệt số liệu của một cấp mới chọn được nhóm cột cho các đơn vị bên dưới."


@access.requires(Right.APPROVE)
def groups(request: HttpRequest) -> HttpResponse:
    """GET: what is set, `?page=` of it, with a form; POST switches a group off or on from a month on."""
    units = reviewed_units(request, NOBODY)
    if file := file_of(request, {"": lambda: switches_file(_listed(units), clock.now())}):
        return file
    running = calendar().month_of(request.day)
    months = [running.plus(n) for n in range(-MONTHS_BACK, MONTHS_AHEAD + 1)]
    if request.method != "POST":
        first = {"unit": str(units[0].pk), "month": str(running)}
        return _page(request, units, SwitchForm(units, months, initial=first))
    form = SwitchForm(units, months, request.POST)
    if not form.is_valid():
        return _page(request, units, form, status=400)
    unit = next(one for one in units if str(one.pk) == form.cleaned_data["unit"])
    group, month = SwitchedGroup(form.cleaned_data["group"]), Month.parse(form.cleaned_data["month"])
    asked = form.cleaned_data["asked"] == SwitchForm.ON
    try:
        actions.switch_group(unit, group, month, asked=asked, by=request.user, at=clock.now())
    except Refused as refusal:
        form.add_error("month", refusal.message)
        return _page(request, units, form, status=400)
    word = "nhập" if asked else "không nhập"
    messages.success(request, f"Đã đặt: từ {month.label}, các đơn vị bên dưới {word} nhóm “{group.label}”.")
    return redirect("records:groups")


def _listed(units: list[Unit]) -> QuerySet[GroupSwitch]:
    """What is set by these units, by those above them and by those below."""
    there = Q(unit__in={number for unit in units for number in unit.ancestor_ids()})
    for unit in units:
        there |= subtree(unit.path, "unit__path")
    listed = GroupSwitch.objects.filter(there)
    return listed.select_related("unit").order_by("unit__depth", "unit__path", "group", "-first_month")


def _page(request: HttpRequest, units: list[Unit], form: SwitchForm, status: int = 200) -> HttpResponse:
    page = Paginator(_listed(units), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "switches": [(one, Month.from_number(one.first_month).label) for one in page.object_list],
        "lies": whereabouts(request.user, request.day, request.day),
    }
    return render(request, "records/groups.html", context, status=status)
