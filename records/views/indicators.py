"""The page of a unit's indicators in a period: read by all who read the unit, entered by its clerk or an editor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from cchc_dashboard import clock
from figures.periods import Period, PeriodError
from figures.writing import count, decimal_vi
from records.actions import Refused, indicators
from records.forms.indicators import COUNTS, Typed, box, read_typed
from records.models import Indicator
from records.outlets.indicator_lists import values_file
from records.queries import indicator_entry
from records.queries.calendar import calendar
from records.queries.indicator_entry import CELLS, Asked
from units import access
from units.access import Right
from units.dates import write_day
from units.models import Unit
from units.tablefile import TableFile, file_of

WORDS = {
    "numerator": "Số đạt",
    "denominator": "Tổng số",
    "target": "Chỉ tiêu giao (%)",
    "quoted": "Số công bố",
    "quoted_on": "Ngày công bố",
    "source": "Nguồn",
}
MOST_UNITS = 100


@dataclass(frozen=True)
class Box:
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
class Row:
    """An indicator with its boxes by cell."""

    asked: Asked
    boxes: Mapping[str, Box]

    @property
    def before_text(self) -> str:
        """A quoted number of the same period last year."""
        return _written(self.asked.before.quoted) if self.asked.before else ""


@access.requires(Right.SIGNED_IN)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Leads to the indicators of the reader's own unit."""
    unit = access.home_unit(request.user, request.day)
    if unit is None:
        messages.info(request, "Bạn chưa được phân quyền ở đơn vị nào.")
        return redirect("records:worklist")
    return redirect("records:indicators", unit.pk)


@access.requires(Right.READ)
@require_safe
def unit_indicators(request: HttpRequest, pk: int) -> HttpResponse:
    """`?period=2022-H1`; by default the latest half-year that has ended."""
    unit = access.unit_for(request.user, pk, request.day)
    period = _period(request, request.GET.get("period"))
    if file := file_of(request, {"": lambda: _file(unit, period)}):
        return file
    return _page(request, unit, period)


def _file(unit: Unit, period: Period) -> TableFile:
    return values_file(unit, period.label, indicator_entry.asked(unit, period), clock.now())


@access.requires(Right.FILL)
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """POST the cells of a period: all of them are stored, or none and each fault is told at its cell (422)."""
    unit = access.unit_for(request.user, pk, request.day, Right.FILL)
    if request.method != "POST":
        return redirect("records:indicators", pk)
    period = _period(request, request.POST.get("period"))
    typed = read_typed(indicator_entry.asked(unit, period), request.POST)
    if typed.faults:
        return _page(request, unit, period, typed, status=422)
    seen = request.POST.get("version", "")
    try:
        number = indicators.save_values(
            unit, period, typed.values, by=request.user, at=clock.now(), seen=seen
        )
    except Refused as refused:
        return _page(request, unit, period, typed, status=409, refused=refused.message, seen=seen)
    told = f"Đã lưu: {count(number)} chỉ tiêu thay đổi." if number else "Không có gì thay đổi."
    messages.success(request, told)
    return redirect(f"{reverse('records:indicators', args=[pk])}?{urlencode({'period': period.code})}")


def _period(request: HttpRequest, code: str | None) -> Period:
    """The period of the address; 404 for what is none, or has not begun."""
    days = calendar()
    if not code:
        return days.latest_half(request.day)
    try:
        period = Period.parse(code)
    except PeriodError as error:
        raise Http404 from error
    if days.span(period.first).start > request.day:
        raise Http404
    return period


def _page(
    request: HttpRequest,
    unit: Unit,
    period: Period,
    typed: Typed | None = None,
    *,
    status: int = 200,
    refused: str = "",
    seen: str = "",
) -> HttpResponse:
    lines = indicator_entry.asked(unit, period)
    faults = typed.faults if typed else {}
    rows = [_row(one, request.POST if typed else {}, faults) for one in lines]
    periods = calendar().recent(request.day)
    context = {
        "unit": unit,
        "period": period,
        "periods": periods if period in periods else [period, *periods],
        "units": _units(request, unit),
        "rows": rows,
        "may": access.allowed(request.user, Right.FILL, unit, request.day),
        "manages": access.is_root_administrator(request.user, request.day),
        # Sending a page again after somebody else stored must not overwrite either: it keeps its version.
        "version": seen or indicator_entry.version(lines),
        "refused": refused,
        "list_address": reverse("records:indicator_list"),
        "faults": [(name, _label(rows, name), told) for name, told in faults.items()],
        "changes": [
            (
                one,
                [
                    (name, WORDS[cell], _logged(cell, old), _logged(cell, new))
                    for name, cell, old, new in one.cells
                ],
            )
            for one in indicator_entry.changes(
                unit, period, {one.indicator.code: one.indicator.name for one in lines}
            )
        ],
    }
    return render(request, "records/indicators.html", context, status=status)


def _units(request: HttpRequest, unit: Unit) -> list[Unit]:
    """The units to choose from: those that the reader may read today, the one that is seen among them."""
    today = access.visible(request.user, request.day).active_within(request.day, request.day)
    units = list(today.order_by("depth", "code")[:MOST_UNITS])
    return units if unit in units else [unit, *units]


def _row(one: Asked, sent: Mapping[str, str], faults: Mapping[str, str]) -> Row:
    boxes = {}
    for cell in CELLS:
        name, value = box(one.indicator, cell), one.cells[cell]
        served = cell in one.indicator.served or cell == "source"
        boxes[cell] = Box(
            cell,
            name,
            f"{one.indicator.name}: {_words(one.indicator, cell)}",
            sent.get(name, _written(value)),
            faults.get(name, ""),
            served,
        )
    return Row(one, boxes)


def _words(indicator: Indicator, cell: str) -> str:
    named = {"numerator": indicator.numerator_name, "denominator": indicator.denominator_name}
    return named.get(cell) or WORDS[cell]


def _label(rows: list[Row], name: str) -> str:
    return next((box.label for row in rows for box in row.boxes.values() if box.name == name), "")


def _written(value: Any) -> str:
    """A stored cell, or one of the log, as people write it; nothing for a blank."""
    if value is None:
        return ""
    if isinstance(value, int):
        return count(value)
    if isinstance(value, Decimal):
        return decimal_vi(f"{value.normalize():f}")
    return write_day(value) if isinstance(value, date) else str(value)


def _logged(cell: str, value: Any) -> str:
    """The same of what the log keeps as plain data."""
    if isinstance(value, str) and value and cell == "quoted_on":
        return write_day(date.fromisoformat(value))
    if isinstance(value, str) and value and cell in ("target", "quoted"):
        return decimal_vi(value)
    return _written(value)
