"""Switches column groups on or off for the units below a committee from a month on, with the page for it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from core import clock, web
from core.forms import ListChoiceField
from core.web import Right, page_of
from figures.periods import Month
from ledger import log
from records.calendar.queries import stored_calendar
from records.calendar.views import FIRST_MONTH_COLUMN, SETTING_UNIT_COLUMNS
from records.submissions.fetch import reviewed_units
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.unit_locations import unit_locations
from units.models import Unit, subtree

from .catalogue import Catalogue, served_in_row
from .errors import ActionRefused
from .models import DossierCount, Edition, GroupSwitch, State, SwitchedGroup
from .storage import BLANK_COLUMNS, measures_of_row, set_measures
from .stored_sums import group_sums

_DRAFTS = (State.DRAFT, State.RETURNED)


@transaction.atomic
def switch_column_group(
    unit: Unit, group: SwitchedGroup, month: Month, *, is_on: bool, by: Any, at: datetime
) -> GroupSwitch:
    """Switch a group of columns on (`is_on`) or off for a unit and those below it, from a month on. Stored figures
    stay; blank cells of drafts from that month on are counted again.

    Errors: ActionRefused("reported_later") where a unit below sent figures of that month or a later one, because
    their count of blanks must not change.
    """
    current = GroupSwitch.objects.filter(unit=unit, group=group, first_month=month.number).first()
    if current is not None and current.asked == is_on:
        return current
    detail = {
        "unit": unit.code,
        "group": group,
        "from": str(month),
        "asked": is_on,
        "before": current.asked if current else None,
    }
    # First, as it takes the lock of the log: no month can be sent between the check below and the change.
    log.append("groups.switch", by=by, subject=f"groups:{unit.pk}", detail=detail, at=at)
    below = Edition.objects.filter(
        subtree(unit.path, "submission__unit__path"), submission__month__gte=month.number
    ).select_related("submission__unit")
    sent = below.exclude(state__in=_DRAFTS).order_by("-submission__month").first()
    if sent is not None:
        last = Month.from_number(sent.submission.month)
        raise ActionRefused(
            "reported_later",
            f"{sent.submission.unit.name} đã gửi báo cáo {last.label}: chỉ đổi được từ {last.next().label}.",
        )
    switch, _ = GroupSwitch.objects.update_or_create(
        unit=unit, group=group, first_month=month.number, defaults={"asked": is_on, "followed": False}
    )
    _count_blanks(list(below.filter(state__in=_DRAFTS).select_for_update(of=("self",))))
    return switch


def _count_blanks(editions: list[Edition]) -> None:
    catalogue = Catalogue(stored_calendar())
    rows: dict[int, list[DossierCount]] = {edition.pk: [] for edition in editions}
    for row in DossierCount.objects.filter(edition__in=editions).order_by("pk"):
        rows[row.edition_id].append(row)
    for edition in editions:
        expected = catalogue.expected(edition.submission.unit, Month.from_number(edition.submission.month))
        for row in rows[edition.pk]:
            set_measures(
                row,
                measures_of_row(row),
                served_in_row(expected, catalogue, (row.field_id, row.procedure_id)),
            )
        group_sums.set_edition_sums(edition, rows[edition.pk])
    blanks = list(BLANK_COLUMNS.values())
    DossierCount.objects.bulk_update(
        [row for listed in rows.values() for row in listed], blanks, batch_size=500
    )
    Edition.objects.bulk_update(editions, blanks, batch_size=500)


class GroupSwitchForm(forms.Form):
    """Switches a group of columns; `units` and `months` are the choices."""

    ON, OFF = "on", "off"

    unit = ListChoiceField(label="Đơn vị đặt")
    group = ListChoiceField(label="Nhóm cột", choices=SwitchedGroup.choices)
    month = ListChoiceField(label="Từ tháng báo cáo")
    asked = ListChoiceField(label="Tình trạng", choices=[(OFF, "Không nhập (tắt)"), (ON, "Có nhập (bật)")])

    def __init__(self, units: Iterable[Unit], months: Iterable[Month], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].choices = [(str(unit.pk), unit.name) for unit in units]
        self.fields["month"].choices = [(str(month), month.label) for month in months]


def column_groups_file(switches: Iterable[GroupSwitch], at: datetime) -> TableFile:
    """The switches as a table: unit, group, first month, state."""
    columns = (
        *SETTING_UNIT_COLUMNS,
        TableColumn("group", "Nhóm cột", "get_group_display", width=34),
        FIRST_MONTH_COLUMN,
        TableColumn("state", "Tình trạng", lambda row: "Có nhập" if row.asked else "Không nhập"),
    )
    return TableFile("nhom-cot", "Nhóm cột đã đặt", columns, table_rows(columns, switches), at)


MONTHS_BACK, MONTHS_AHEAD = 3, 6
NO_REVIEWER = "Chỉ người duyệt số liệu của một cấp mới chọn được nhóm cột cho các đơn vị bên dưới."


@web.requires(Right.APPROVE)
def column_groups_page(request: HttpRequest) -> HttpResponse:
    """GET: the switches (`?page=`) with a form; POST: switch a group."""
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
    unit = next(unit for unit in units if str(unit.pk) == form.cleaned_data["unit"])
    group, month = SwitchedGroup(form.cleaned_data["group"]), Month.parse(form.cleaned_data["month"])
    is_on = form.cleaned_data["asked"] == GroupSwitchForm.ON
    try:
        switch_column_group(unit, group, month, is_on=is_on, by=request.user, at=clock.now())
    except ActionRefused as refusal:
        form.add_error("month", refusal.message)
        return _page(request, units, form, status=400)
    word = "nhập" if is_on else "không nhập"
    messages.success(request, f"Đã đặt: từ {month.label}, các đơn vị bên dưới {word} nhóm “{group.label}”.")
    return redirect("records:groups")


def _shown_switches(units: list[Unit]) -> QuerySet[GroupSwitch]:
    """The switches of these units, of those above them and of those below."""
    located = Q(unit__in={pk for unit in units for pk in unit.ancestor_ids()})
    for unit in units:
        located |= subtree(unit.path, "unit__path")
    listed = GroupSwitch.objects.filter(located)
    return listed.select_related("unit").order_by("unit__depth", "unit__path", "group", "-first_month")


def _page(request: HttpRequest, units: list[Unit], form: GroupSwitchForm, status: int = 200) -> HttpResponse:
    page = page_of(request, _shown_switches(units))
    context = {
        "form": form,
        "page": page,
        "switches": [(switch, Month.from_number(switch.first_month).label) for switch in page.object_list],
        "lies": unit_locations(request.user, request.day, request.day),
    }
    return render(request, "records/column_groups/groups.html", context, status=status)
