"""When a committee closes a month."""

import re
from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.timezone import get_default_timezone

from figures.periods import Month
from units.forms.fields import ChosenField, DayField, WordsField
from units.models import Unit

_TIME = re.compile(r"([0-9]{1,2})[:h]([0-9]{2})(?::([0-9]{2}))?")


class ClosingForm(forms.Form):
    """When a committee closes a month; `units` and `months` are those to choose from."""

    unit = ChosenField(label="Đơn vị đặt giờ chốt")
    month = ChosenField(label="Tháng báo cáo")
    day = DayField(label="Ngày", help_text="Ví dụ 18/8/2022.")
    time = WordsField(label="Giờ", max_length=16, help_text="Ví dụ 17:00.")

    def __init__(self, units: Iterable[Unit], months: Iterable[Month], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].choices = [(str(one.pk), one.name) for one in units]
        self.fields["month"].choices = [(str(one), one.label) for one in months]

    def clean_time(self) -> time:
        found = _TIME.fullmatch(self.cleaned_data["time"])
        try:
            return time(*(int(part) for part in found.groups(default="0")))
        except (AttributeError, ValueError) as error:
            raise forms.ValidationError("Giờ ghi như 17:00, hoặc 23:59:59.", code="bad_time") from error

    def moment(self) -> datetime:
        """Day and time in Vietnam, of a valid form."""
        day, hour = self.cleaned_data["day"], self.cleaned_data["time"]
        return datetime.combine(day, hour, tzinfo=get_default_timezone())
