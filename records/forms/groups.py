"""Which groups of columns a committee asks for."""

from collections.abc import Iterable
from typing import Any

from django import forms

from figures.periods import Month
from records.models import SwitchedGroup
from units.forms.fields import ChosenField
from units.models import Unit


class SwitchForm(forms.Form):
    """Which group of columns is switched off or on; `units` and `months` are those to choose from."""

    ON, OFF = "on", "off"

    unit = ChosenField(label="Đơn vị đặt")
    group = ChosenField(label="Nhóm cột", choices=SwitchedGroup.choices)
    month = ChosenField(label="Từ tháng báo cáo")
    asked = ChosenField(label="Tình trạng", choices=[(OFF, "Không nhập (tắt)"), (ON, "Có nhập (bật)")])

    def __init__(self, units: Iterable[Unit], months: Iterable[Month], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].choices = [(str(one.pk), one.name) for one in units]
        self.fields["month"].choices = [(str(one), one.label) for one in months]
