"""What people type into the page of indicators, and the form that defines one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms

from core.dates import parse_day
from core.text import clean_text
from core.web.forms import CleanTextField, ListChoiceField
from figures import indicator_rules
from records.models import Indicator
from units.models import Tier

from .queries import INDICATOR_CELLS, IndicatorEntry

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
    for one in lines:
        read: dict[str, Any] = {}
        for cell in INDICATOR_CELLS:
            text = data.get(name := box_name(one.indicator, cell))
            if text is None:
                continue
            value, told = _read(cell, text, one.indicator.served)
            if told:
                faults[name] = told
            read[cell] = value
        if not read:
            continue
        values[one.indicator.pk] = read
        if not any(box_name(one.indicator, cell) in faults for cell in INDICATOR_CELLS):
            for fault in indicator_rules.check_indicator(one.cells | read):
                faults[box_name(one.indicator, fault.measure or "")] = fault.message
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
