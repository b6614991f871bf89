"""What an administrator types for cut-off rules, due rules and holidays."""

import re
from typing import Any

from django import forms

from core.web.forms import REQUIRED, CleanTextField, DayField, ListChoiceField
from figures.periods import Month, PeriodError
from units.models import Tier

_SHORT_MONTH = re.compile(r"([0-9]{1,2})/([0-9]{4})")
# With more the due date would lie behind the end of the next month but one, where no reminder looks.
MAX_WORKING_DAYS = 40


class MonthField(forms.Field):
    """A reporting month as 9/2022 or 2022-M09."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "size": 10})
    default_error_messages = {"required": REQUIRED}

    def to_python(self, value: Any) -> Month | None:
        if value in self.empty_values:
            return None
        text = str(value).strip()[:32]
        try:
            if short := _SHORT_MONTH.fullmatch(text):
                return Month(int(short[2]), int(short[1]))
            return Month.parse(text)
        except PeriodError as fault:
            raise forms.ValidationError(
                f"“{text}” không phải tháng. Ghi như 9/2022.", code="unknown_month"
            ) from fault


class SmallNumberField(forms.IntegerField):
    """A small whole number, with words of our own."""

    def __init__(self, *, most: int, least: int, **options: Any) -> None:
        super().__init__(
            min_value=least,
            max_value=most,
            widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 4}),
            error_messages=dict.fromkeys(
                ("invalid", "min_value", "max_value"), f"Nhập số nguyên từ {least} đến {most}."
            )
            | {"required": REQUIRED},
            **options,
        )


class CutoffRuleForm(forms.Form):
    first = MonthField(label="Từ tháng báo cáo", help_text="Ví dụ: 9/2022.")
    day = SmallNumberField(
        label="Ngày chốt", required=False, least=1, most=31, help_text="Để trống: ngày cuối tháng."
    )


class DueRuleForm(forms.Form):
    first = MonthField(label="Từ tháng báo cáo", help_text="Ví dụ: 9/2022.")
    tier = ListChoiceField(label="Cấp", required=False, choices=[("", "Mọi cấp"), *Tier.choices])
    working_days = SmallNumberField(label="Số ngày làm việc sau ngày chốt", least=0, most=MAX_WORKING_DAYS)


class HolidayForm(forms.Form):
    first = DayField(label="Từ ngày", help_text="Ví dụ: 2/9/2022.")
    last = DayField(label="Đến hết ngày", required=False)
    name = CleanTextField(label="Tên ngày nghỉ", max_length=100)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "first" in data and "last" in data:
            data["last"] = data["last"] or data["first"]
        return data
