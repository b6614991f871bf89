"""The page of a unit's indicators in a period with what people type there, and the list of indicators for
administrators.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from core import clock, web
from core.dates import format_day, parse_day
from core.forms import CleanTextField, ListChoiceField
from core.text import clean_text
from core.web import Right
from figures import indicator_rules
from figures.formatting import format_count, format_decimal
from figures.periods import Period, PeriodError
from records.calendar.queries import stored_calendar
from records.errors import ActionRefused
from records.models import Indicator
from spreadsheets.table_writer import TableFile, requested_file
from units.access.queries import home_unit, is_allowed, is_root_administrator, unit_for, visible_units
from units.models import Tier, Unit

from . import actions
from .queries import (
    INDICATOR_CELLS,
    IndicatorEntry,
    indicator_changes,
    indicator_entries,
    indicator_values_file,
    indicators_file,
    indicators_version,
)

SOURCE_LENGTH = 300
COUNTS, DECIMALS = ("numerator", "denominator"), ("target", "quoted")


def box_name(indicator: Indicator, cell: str) -> str:
    """The name of a cell in the form: "numerator-12"."""
    return f"{cell}-{indicator.pk}"


@dataclass(frozen=True)
class TypedIndicators:
    """What was typed, read: values by number of the indicator, and by the name of its box what cannot be stored."""

    values: Mapping[int, Mapping[str, Any]]
    faults: Mapping[str, str] = field(default_factory=dict)


def read_typed_indicators(lines: Iterable[IndicatorEntry], data: Mapping[str, str]) -> TypedIndicators:
    """Cells that were sent; what was not sent stays as it is stored, and is looked at together with what was."""
    values: dict[int, dict[str, Any]] = {}
    faults: dict[str, str] = {}
    for line in lines:
        read: dict[str, Any] = {}
        for cell in INDICATOR_CELLS:
            text = data.get(name := box_name(line.indicator, cell))
            if text is None:
                continue
            value, told = _read(cell, text, line.indicator.served)
            if told:
                faults[name] = told
            read[cell] = value
        if not read:
            continue
        values[line.indicator.pk] = read
        if not any(box_name(line.indicator, cell) in faults for cell in INDICATOR_CELLS):
            for fault in indicator_rules.check_indicator(line.cells | read):
                faults[box_name(line.indicator, fault.measure or "")] = fault.message
    return TypedIndicators(values, faults)


def _read(cell: str, text: str, served: frozenset[str]) -> tuple[Any, str]:
    if cell == "source":
        words = clean_text(text)
        return words, "" if len(words) <= SOURCE_LENGTH else f"Nguồn tối đa {SOURCE_LENGTH} ký tự."
    if cell in COUNTS:
        value, fault = indicator_rules.read_count(cell, text, served)
    elif cell in DECIMALS:
        value, fault = indicator_rules.read_decimal(cell, text, served)
    else:
        return _day(text, served)
    return value, fault.message if fault else ""


def _day(text: str, served: frozenset[str]) -> tuple[Any, str]:
    if not text.strip():
        return None, ""
    if "quoted_on" not in served:
        return None, indicator_rules.indicator_violation(
            "not_served", "quoted_on", typed=text.strip()[:24]
        ).message
    try:
        return parse_day(clean_text(text)), ""
    except ValueError as error:
        return None, str(error)


class IndicatorForm(forms.Form):
    """A new indicator of one's own."""

    name = CleanTextField(label="Tên chỉ tiêu", max_length=300)
    code = forms.SlugField(
        label="Mã",
        max_length=64,
        help_text="Chữ không dấu, số và gạch nối, ví dụ so-hoa-ho-so. Mã không đổi được.",
        error_messages={
            "required": "Chưa nhập ô này.",
            "invalid": "Mã chỉ gồm chữ không dấu, số và gạch nối.",
            "max_length": "Tối đa 64 ký tự.",
        },
    )
    numerator_name = CleanTextField(
        label="Số đạt là số của", max_length=200, help_text="Ví dụ: Hồ sơ được số hóa"
    )
    denominator_name = CleanTextField(
        label="Tổng số là số của",
        max_length=200,
        required=False,
        help_text="Để trống nếu chỉ đếm, không tính tỷ lệ.",
    )
    counted_in = CleanTextField(label="Đơn vị tính", max_length=100, help_text="Ví dụ: hồ sơ")
    group = CleanTextField(label="Nhóm", max_length=100, required=False)
    tier = ListChoiceField(label="Cấp báo cáo", required=False, choices=[("", "Mọi cấp"), *Tier.choices])
    quoted = forms.BooleanField(label="Số do nơi khác công bố (trích dẫn, không tính)", required=False)

    def clean_code(self) -> str:
        code = self.cleaned_data["code"].lower()
        if Indicator.objects.filter(code=code).exists():
            raise forms.ValidationError("Mã này đã có. Hãy chọn mã khác.")
        return code

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("quoted") and self.cleaned_data.get("denominator_name"):
            self.add_error("denominator_name", "Số trích dẫn không có tổng số. Hãy để trống ô này.")
        return self.cleaned_data


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


@web.requires(Right.SIGNED_IN)
@require_safe
def indicators_home(request: HttpRequest) -> HttpResponse:
    """Leads to the indicators of the reader's own unit."""
    unit = home_unit(request.user, request.day)
    if unit is None:
        messages.info(request, "Bạn chưa được phân quyền ở đơn vị nào.")
        return redirect("records:worklist")
    return redirect("records:indicators", unit.pk)


@web.requires(Right.READ)
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


@web.requires(Right.FILL)
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
    rows = [_indicator_row(line, request.POST if typed else {}, faults) for line in lines]
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
                indicator_change,
                [
                    (name, CELL_WORDS[cell], _logged_text(cell, old), _logged_text(cell, new))
                    for name, cell, old, new in indicator_change.cells
                ],
            )
            for indicator_change in indicator_changes(
                unit, period, {line.indicator.code: line.indicator.name for line in lines}
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


@web.requires(Right.MANAGE)
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
    lacking = {one["code"] for one in actions.add_presets(PRESETS_FILE)} - {
        add_preset.code for add_preset in known
    }
    context = {"form": form, "indicators": known, "lacking": len(lacking)}
    return render(request, "records/indicators/list.html", context, status=422 if form.errors else 200)


@web.requires(Right.MANAGE)
def load_presets(request: HttpRequest) -> HttpResponse:
    """POST: adds the preset indicators that are not there yet."""
    _require_top_administrator(request)
    if request.method == "POST":
        new = actions.define_indicator(actions.add_presets(PRESETS_FILE), by=request.user, at=clock.now())
        messages.success(request, f"Đã thêm {format_count(len(new))} chỉ tiêu có sẵn.")
    return redirect("records:indicator_list")


@web.requires(Right.MANAGE)
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
