"""The page where a unit enters its indicators, and the list of indicators for administrators."""

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
    """The name of a cell's input, like "numerator-12"."""
    return f"{cell}-{indicator.pk}"


@dataclass(frozen=True)
class TypedIndicators:
    """The parsed input: values by id of the indicator, faults by name of the input."""

    values: Mapping[int, Mapping[str, Any]]
    faults: Mapping[str, str] = field(default_factory=dict)


def read_typed_indicators(lines: Iterable[IndicatorEntry], data: Mapping[str, str]) -> TypedIndicators:
    """Parse the cells that were sent. The rules check them together with the stored cells that were not sent."""
    values: dict[int, dict[str, Any]] = {}
    faults: dict[str, str] = {}
    for line in lines:
        read: dict[str, Any] = {}
        for cell in INDICATOR_CELLS:
            text = data.get(name := box_name(line.indicator, cell))
            if text is None:
                continue
            value, message = _read(cell, text, line.indicator.served)
            if message:
                faults[name] = message
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
    """A new indicator."""

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
    """A cell of the page: an input where the indicator has it, else hatched."""

    cell: str
    name: str
    label: str
    text: str
    fault: str = ""
    served: bool = True

    @property
    def numeric(self) -> bool:
        return self.cell in COUNTS


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator with its boxes by cell."""

    entry: IndicatorEntry
    boxes: Mapping[str, IndicatorBox]

    @property
    def before_text(self) -> str:
        """The quoted number of the same period last year."""
        return _value_text(self.entry.before.quoted) if self.entry.before else ""


@web.requires(Right.SIGNED_IN)
@require_safe
def indicators_home(request: HttpRequest) -> HttpResponse:
    """Redirects to the indicators of the user's own unit."""
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
    """POST the cells of a period: all are stored, or none, with each fault at its cell (422)."""
    unit = unit_for(request.user, pk, request.day, Right.FILL)
    if request.method != "POST":
        return redirect("records:indicators", pk)
    period = _period_or_404(request, request.POST.get("period"))
    typed = read_typed_indicators(indicator_entries(unit, period), request.POST)
    if typed.faults:
        return _render_indicators(request, unit, period, typed, status=422)
    version = request.POST.get("version", "")
    try:
        number = actions.save_indicator_values(
            unit, period, typed.values, by=request.user, at=clock.now(), version=version
        )
    except ActionRefused as refused:
        return _render_indicators(
            request, unit, period, typed, status=409, refused=refused.message, version=version
        )
    message = f"Đã lưu: {format_count(number)} chỉ tiêu thay đổi." if number else "Không có gì thay đổi."
    messages.success(request, message)
    return redirect(f"{reverse('records:indicators', args=[pk])}?{urlencode({'period': period.code})}")


def _period_or_404(request: HttpRequest, code: str | None) -> Period:
    """The period of the address; 404 where it is invalid or has not begun."""
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
    version: str = "",
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
        # A refused page keeps its version, so that sending it again does not overwrite other changes.
        "version": version or indicators_version(lines),
        "refused": refused,
        "list_address": reverse("records:indicator_list"),
        "faults": [(name, _label(rows, name), message) for name, message in faults.items()],
        "changes": [
            (
                change,
                [
                    (name, CELL_WORDS[cell], _logged_text(cell, old), _logged_text(cell, new))
                    for name, cell, old, new in change.cells
                ],
            )
            for change in indicator_changes(
                unit, period, {line.indicator.code: line.indicator.name for line in lines}
            )
        ],
    }
    return render(request, "records/indicators/entry.html", context, status=status)


def _units(request: HttpRequest, unit: Unit) -> list[Unit]:
    """The units to choose from: those that the user may read today, and the shown one."""
    today = visible_units(request.user, request.day).active_within(request.day, request.day)
    units = list(today.order_by("depth", "code")[:MAX_UNITS])
    return units if unit in units else [unit, *units]


def _indicator_row(entry: IndicatorEntry, sent: Mapping[str, str], faults: Mapping[str, str]) -> IndicatorRow:
    boxes = {}
    for cell in INDICATOR_CELLS:
        name, value = box_name(entry.indicator, cell), entry.cells[cell]
        served = cell in entry.indicator.served or cell == "source"
        boxes[cell] = IndicatorBox(
            cell,
            name,
            f"{entry.indicator.name}: {_cell_words(entry.indicator, cell)}",
            sent.get(name, _value_text(value)),
            faults.get(name, ""),
            served,
        )
    return IndicatorRow(entry, boxes)


def _cell_words(indicator: Indicator, cell: str) -> str:
    named = {"numerator": indicator.numerator_name, "denominator": indicator.denominator_name}
    return named.get(cell) or CELL_WORDS[cell]


def _label(rows: list[IndicatorRow], name: str) -> str:
    return next((box.label for row in rows for box in row.boxes.values() if box.name == name), "")


def _value_text(value: Any) -> str:
    """A cell as people write it; "" for a blank."""
    if value is None:
        return ""
    if isinstance(value, int):
        return format_count(value)
    if isinstance(value, Decimal):
        return format_decimal(f"{value.normalize():f}")
    return format_day(value) if isinstance(value, date) else str(value)


def _logged_text(cell: str, value: Any) -> str:
    """A logged cell as people write it."""
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
    """GET: all indicators with a form; POST: add an indicator."""
    _require_top_administrator(request)
    if file := requested_file(request, {"": lambda: indicators_file(Indicator.objects.all(), clock.now())}):
        return file
    form = IndicatorForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        (new,) = actions.define_indicator([form.cleaned_data], by=request.user, at=clock.now())
        messages.success(request, f"Đã thêm chỉ tiêu “{new.name}”.")
        return redirect("records:indicator_list")
    indicators = list(Indicator.objects.all())
    missing = {preset["code"] for preset in actions.read_presets(PRESETS_FILE)} - {
        indicator.code for indicator in indicators
    }
    context = {"form": form, "indicators": indicators, "lacking": len(missing)}
    return render(request, "records/indicators/list.html", context, status=422 if form.errors else 200)


@web.requires(Right.MANAGE)
def load_presets(request: HttpRequest) -> HttpResponse:
    """POST: add the preset indicators that do not exist yet."""
    _require_top_administrator(request)
    if request.method == "POST":
        new = actions.define_indicator(actions.read_presets(PRESETS_FILE), by=request.user, at=clock.now())
        messages.success(request, f"Đã thêm {format_count(len(new))} chỉ tiêu có sẵn.")
    return redirect("records:indicator_list")


@web.requires(Right.MANAGE)
def set_retired(request: HttpRequest, pk: int) -> HttpResponse:
    """POST `retired`: 1 takes an indicator out of use, 0 back into it."""
    _require_top_administrator(request)
    indicator = Indicator.objects.filter(pk=pk).first()
    if indicator is None:
        raise Http404
    if request.method == "POST":
        off = request.POST.get("retired") == "1"
        actions.retire_indicator(indicator, off, by=request.user, at=clock.now())
        message = "Không hỏi nữa" if off else "Hỏi lại"
        messages.success(request, f"{message}: “{indicator.name}”. Số đã báo cáo giữ nguyên.")
    return redirect("records:indicator_list")
