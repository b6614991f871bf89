"""The page of a unit's indicators in a period, and the list of indicators for administrators."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from core import clock
from core.dates import format_day
from core.web import rights
from core.web.rights import Right
from figures.formatting import format_count, format_decimal
from figures.periods import Period, PeriodError
from records.calendar.queries import stored_calendar
from records.errors import ActionRefused
from records.models import Indicator
from spreadsheets.table_file import TableFile, requested_file
from units.access.queries import home_unit, is_allowed, is_root_administrator, unit_for, visible_units
from units.models import Unit

from . import actions
from .files import indicator_values_file, indicators_file
from .forms import COUNTS, IndicatorForm, TypedIndicators, box_name, read_typed_indicators
from .queries import INDICATOR_CELLS, IndicatorEntry, indicator_changes, indicator_entries, indicators_version

CELL_WORDS = {
    "numerator": "Số đạt",
    "denominator": "Tổng số",
    "target": "Chỉ tiêu giao (%)",
    "quoted": "Số công bố",
    "quoted_on": "Ngày công bố",
    "source": "Nguồn",
}
MAX_UNITS = 100


@dataclass(frozen=True)
class IndicatorBox:
    """A cell as the page draws it: with an input where it is served, else hatched."""

    cell: str
    name: str
    label: str
    text: str
    told: str = ""
    served: bool = True

    @property
    def numeric(self) -> bool:
        return self.cell in COUNTS


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator with its boxes by cell."""

    asked: IndicatorEntry
    boxes: Mapping[str, IndicatorBox]

    @property
    def before_text(self) -> str:
        """A quoted number of the same period last year."""
        return _value_text(self.asked.before.quoted) if self.asked.before else ""


@rights.requires(Right.SIGNED_IN)
@require_safe
def indicators_home(request: HttpRequest) -> HttpResponse:
    """Leads to the indicators of the reader's own unit."""
    unit = home_unit(request.user, request.day)
    if unit is None:
        messages.info(request, "Bạn chưa được phân quyền ở đơn vị nào.")
        return redirect("records:worklist")
    return redirect("records:indicators", unit.pk)


@rights.requires(Right.READ)
@require_safe
def unit_indicators(request: HttpRequest, pk: int) -> HttpResponse:
    """`?period=2022-H1`; by default the latest half-year that has ended."""
    unit = unit_for(request.user, pk, request.day)
    period = _period_or_404(request, request.GET.get("period"))
    if file := requested_file(request, {"": lambda: _values_file(unit, period)}):
        return file
    return _render_indicators(request, unit, period)


def _values_file(unit: Unit, period: Period) -> TableFile:
    return indicator_values_file(unit, period.label, indicator_entries(unit, period), clock.now())


@rights.requires(Right.FILL)
def save_indicators(request: HttpRequest, pk: int) -> HttpResponse:
    """POST the cells of a period: all of them are stored, or none and each fault is told at its cell (422)."""
    unit = unit_for(request.user, pk, request.day, Right.FILL)
    if request.method != "POST":
        return redirect("records:indicators", pk)
    period = _period_or_404(request, request.POST.get("period"))
    typed = read_typed_indicators(indicator_entries(unit, period), request.POST)
    if typed.faults:
        return _render_indicators(request, unit, period, typed, status=422)
    seen = request.POST.get("version", "")
    try:
        number = actions.save_indicator_values(
            unit, period, typed.values, by=request.user, at=clock.now(), seen=seen
        )
    except ActionRefused as refused:
        return _render_indicators(
            request, unit, period, typed, status=409, refused=refused.message, seen=seen
        )
    told = f"Đã lưu: {format_count(number)} chỉ tiêu thay đổi." if number else "Không có gì thay đổi."
    messages.success(request, told)
    return redirect(f"{reverse('records:indicators', args=[pk])}?{urlencode({'period': period.code})}")


def _period_or_404(request: HttpRequest, code: str | None) -> Period:
    """The period of the address; 404 for what is none, or has not begun."""
    days = stored_calendar()
    if not code:
        return days.latest_half(request.day)
    try:
        period = Period.parse(code)
    except PeriodError as error:
        raise Http404 from error
    if days.span(period.first).start > request.day:
        raise Http404
    return period


def _render_indicators(
    request: HttpRequest,
    unit: Unit,
    period: Period,
    typed: TypedIndicators | None = None,
    *,
    status: int = 200,
    refused: str = "",
    seen: str = "",
) -> HttpResponse:
    lines = indicator_entries(unit, period)
    faults = typed.faults if typed else {}
    rows = [_indicator_row(one, request.POST if typed else {}, faults) for one in lines]
    periods = stored_calendar().recent(request.day)
    context = {
        "unit": unit,
        "period": period,
        "periods": periods if period in periods else [period, *periods],
        "units": _units(request, unit),
        "rows": rows,
        "may": is_allowed(request.user, Right.FILL, unit, request.day),
        "manages": is_root_administrator(request.user, request.day),
        # Sending a page again after somebody else stored must not overwrite either: it keeps its version.
        "version": seen or indicators_version(lines),
        "refused": refused,
        "list_address": reverse("records:indicator_list"),
        "faults": [(name, _label(rows, name), told) for name, told in faults.items()],
        "changes": [
            (
                one,
                [
                    (name, CELL_WORDS[cell], _logged_text(cell, old), _logged_text(cell, new))
                    for name, cell, old, new in one.cells
                ],
            )
            for one in indicator_changes(
                unit, period, {one.indicator.code: one.indicator.name for one in lines}
            )
        ],
    }
    return render(request, "records/indicators/entry.html", context, status=status)


def _units(request: HttpRequest, unit: Unit) -> list[Unit]:
    """The units to choose from: those that the reader may read today, the one that is seen among them."""
    today = visible_units(request.user, request.day).active_within(request.day, request.day)
    units = list(today.order_by("depth", "code")[:MAX_UNITS])
    return units if unit in units else [unit, *units]


def _indicator_row(one: IndicatorEntry, sent: Mapping[str, str], faults: Mapping[str, str]) -> IndicatorRow:
    boxes = {}
    for cell in INDICATOR_CELLS:
        name, value = box_name(one.indicator, cell), one.cells[cell]
        served = cell in one.indicator.served or cell == "source"
        boxes[cell] = IndicatorBox(
            cell,
            name,
            f"{one.indicator.name}: {_cell_words(one.indicator, cell)}",
            sent.get(name, _value_text(value)),
            faults.get(name, ""),
            served,
        )
    return IndicatorRow(one, boxes)


def _cell_words(indicator: Indicator, cell: str) -> str:
    named = {"numerator": indicator.numerator_name, "denominator": indicator.denominator_name}
    return named.get(cell) or CELL_WORDS[cell]


def _label(rows: list[IndicatorRow], name: str) -> str:
    return next((box.label for row in rows for box in row.boxes.values() if box.name == name), "")


def _value_text(value: Any) -> str:
    """A stored cell, or one of the log, as people write it; nothing for a blank."""
    if value is None:
        return ""
    if isinstance(value, int):
        return format_count(value)
    if isinstance(value, Decimal):
        return format_decimal(f"{value.normalize():f}")
    return format_day(value) if isinstance(value, date) else str(value)


def _logged_text(cell: str, value: Any) -> str:
    """The same of what the log keeps as plain data."""
    if isinstance(value, str) and value and cell == "quoted_on":
        return format_day(date.fromisoformat(value))
    if isinstance(value, str) and value and cell in ("target", "quoted"):
        return format_decimal(value)
    return _value_text(value)


PRESETS_FILE = settings.BASE_DIR / "fixtures" / "indicators.json"


def _require_top_administrator(request: HttpRequest) -> None:
    if not is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất đặt được bộ chỉ tiêu chung.")


@rights.requires(Right.MANAGE)
def indicator_list(request: HttpRequest) -> HttpResponse:
    """All indicators, and a form for a new one that is posted here."""
    _require_top_administrator(request)
    if file := requested_file(request, {"": lambda: indicators_file(Indicator.objects.all(), clock.now())}):
        return file
    form = IndicatorForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        (new,) = actions.define_indicator([form.cleaned_data], by=request.user, at=clock.now())
        messages.success(request, f"Đã thêm chỉ tiêu “{new.name}”.")
        return redirect("records:indicator_list")
    known = list(Indicator.objects.all())
    lacking = {one["code"] for one in actions.add_presets(PRESETS_FILE)} - {one.code for one in known}
    context = {"form": form, "indicators": known, "lacking": len(lacking)}
    return render(request, "records/indicators/list.html", context, status=422 if form.errors else 200)


@rights.requires(Right.MANAGE)
def load_presets(request: HttpRequest) -> HttpResponse:
    """POST: adds the preset indicators that are not there yet."""
    _require_top_administrator(request)
    if request.method == "POST":
        new = actions.define_indicator(actions.add_presets(PRESETS_FILE), by=request.user, at=clock.now())
        messages.success(request, f"Đã thêm {format_count(len(new))} chỉ tiêu có sẵn.")
    return redirect("records:indicator_list")


@rights.requires(Right.MANAGE)
def set_retired(request: HttpRequest, pk: int) -> HttpResponse:
    """POST `retired` 1 or 0: an indicator is asked for no more, or again."""
    _require_top_administrator(request)
    found = Indicator.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        off = request.POST.get("retired") == "1"
        actions.retire_indicator(found, off, by=request.user, at=clock.now())
        told = "Không hỏi nữa" if off else "Hỏi lại"
        messages.success(request, f"{told}: “{found.name}”. Số đã báo cáo giữ nguyên.")
    return redirect("records:indicator_list")
