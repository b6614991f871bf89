"""The page and form of the groups of columns: which are on or off, and from which month."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core import clock
from core.web import rights
from core.web.forms import ListChoiceField
from core.web.rights import Right
from figures.periods import Month
from records.calendar.files import FIRST_MONTH_COLUMN, SETTING_UNIT_COLUMNS
from records.calendar.queries import stored_calendar
from records.errors import ActionRefused
from records.models import GroupSwitch, SwitchedGroup
from records.submissions.fetch import reviewed_units
from spreadsheets.table_file import TableColumn, TableFile, requested_file, table_rows
from units.access.unit_locations import unit_locations
from units.models import Unit, subtree

from . import actions


class GroupSwitchForm(forms.Form):
    """Which group of columns is switched off or on; `units` and `months` are those to choose from."""

    ON, OFF = "on", "off"

    unit = ListChoiceField(label="Đơn vị đặt")
    group = ListChoiceField(label="Nhóm cột", choices=SwitchedGroup.choices)
    month = ListChoiceField(label="Từ tháng báo cáo")
    asked = ListChoiceField(label="Tình trạng", choices=[(OFF, "Không nhập (tắt)"), (ON, "Có nhập (bật)")])

    def __init__(self, units: Iterable[Unit], months: Iterable[Month], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].choices = [(str(one.pk), one.name) for one in units]
        self.fields["month"].choices = [(str(one), one.label) for one in months]


def column_groups_file(found: Iterable[GroupSwitch], at: datetime) -> TableFile:
    """Which groups of columns are asked for, by whom and since when."""
    columns = (
        *SETTING_UNIT_COLUMNS,
        TableColumn("group", "Nhóm cột", "get_group_display", width=34),
        FIRST_MONTH_COLUMN,
        TableColumn("state", "Tình trạng", lambda one: "Có nhập" if one.asked else "Không nhập"),
    )
    return TableFile("nhom-cot", "Nhóm cột đã đặt", columns, table_rows(columns, found), at)


MONTHS_BACK, MONTHS_AHEAD = 3, 6
PAGE_SIZE = 100
NO_REVIEWER = "Chỉ người duyệt số liệu của một cấp mới chọn được nhóm cột cho các đơn vị bên dưới."


@rights.requires(Right.APPROVE)
def column_groups_page(request: HttpRequest) -> HttpResponse:
    """GET: what is set, `?page=` of it, with a form; POST switches a group off or on from a month on."""
    units = reviewed_units(request, NO_REVIEWER)
    if file := requested_file(request, {"": lambda: column_groups_file(_shown_switches(units), clock.now())}):
        return file
    running = stored_calendar().month_of(request.day)
    months = [running.plus(n) for n in range(-MONTHS_BACK, MONTHS_AHEAD + 1)]
    if request.method != "POST":
        first = {"unit": str(units[0].pk), "month": str(running)}
        return _page(request, units, GroupSwitchForm(units, months, initial=first))
    form = GroupSwitchForm(units, months, request.POST)
    if not form.is_valid():
        return _page(request, units, form, status=400)
    unit = next(one for one in units if str(one.pk) == form.cleaned_data["unit"])
    group, month = SwitchedGroup(form.cleaned_data["group"]), Month.parse(form.cleaned_data["month"])
    asked = form.cleaned_data["asked"] == GroupSwitchForm.ON
    try:
        actions.switch_column_group(unit, group, month, asked=asked, by=request.user, at=clock.now())
    except ActionRefused as refusal:
        form.add_error("month", refusal.message)
        return _page(request, units, form, status=400)
    word = "nhập" if asked else "không nhập"
    messages.success(request, f"Đã đặt: từ {month.label}, các đơn vị bên dưới {word} nhóm “{group.label}”.")
    return redirect("records:groups")


def _shown_switches(units: list[Unit]) -> QuerySet[GroupSwitch]:
    """What is set by these units, by those above them and by those below."""
    there = Q(unit__in={number for unit in units for number in unit.ancestor_ids()})
    for unit in units:
        there |= subtree(unit.path, "unit__path")
    listed = GroupSwitch.objects.filter(there)
    return listed.select_related("unit").order_by("unit__depth", "unit__path", "group", "-first_month")


def _page(request: HttpRequest, units: list[Unit], form: GroupSwitchForm, status: int = 200) -> HttpResponse:
    page = Paginator(_shown_switches(units), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "switches": [(one, Month.from_number(one.first_month).label) for one in page.object_list],
        "lies": unit_locations(request.user, request.day, request.day),
    }
    return render(request, "records/column_groups/groups.html", context, status=status)
