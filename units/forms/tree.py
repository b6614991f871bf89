"""Opening and closing a unit."""

from typing import Any

from django import forms
from django.utils.text import capfirst

from units.details import DETAILS
from units.models import Kind, Tier, Unit
from units.tree import Draft, Refused

from .fields import ChosenField, DayField, WordsField

_REPORTS = [
    ("", "Theo mặc định"),
    ("yes", "Có"),
    ("no", "Không"),
]
_DECLARED = {"": None, "yes": True, "no": False}


def show_refusal(form: forms.Form, refused: Refused, names: dict[str, str] | None = None) -> None:
    """Every fault at its field; what has no field above the form."""
    for wrong in refused.wrongs:
        name = (names or {}).get(wrong.field, wrong.field)
        form.add_error(
            name if name in form.fields else None,
            forms.ValidationError(capfirst(wrong.message), code=wrong.code),
        )


class OpenForm(forms.Form):
    """A new unit. Its name and place are for its whole life, so they are asked once and carefully."""

    code = WordsField(label="Mã", max_length=64)
    name = WordsField(label="Tên", max_length=200, help_text="Ghi đủ loại đơn vị, ví dụ: xã Liêm Túc.")
    kind = ChosenField(label="Loại", choices=Kind.choices)
    tier = ChosenField(label="Cấp", choices=Tier.choices)
    parent = WordsField(label="Mã đơn vị cấp trên", max_length=64, required=False)
    active_from = DayField(label="Hoạt động từ ngày")
    active_until = DayField(label="Đến hết ngày", required=False)
    reports = ChosenField(
        label="Tự báo cáo",
        choices=_REPORTS,
        required=False,
        help_text="Mặc định: đơn vị không có đơn vị bên dưới thì báo cáo hằng tháng.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in DETAILS:
            self.fields[one.field] = WordsField(
                label=one.label, max_length=one.longest, required=False, help_text=one.help
            )

    def draft(self, parent: Unit | None) -> Draft:
        """What the valid form asks for; `parent` was fetched with its right."""
        data = self.cleaned_data
        return Draft(
            code=data["code"],
            name=data["name"],
            kind=data["kind"],
            tier="" if data["kind"] == Kind.OFFICE else data["tier"],
            parent=parent,
            active_from=data["active_from"],
            active_until=data["active_until"],
            reports_declared=_DECLARED[data["reports"]],
            **{one.name: data[one.field] for one in DETAILS},
        )


class CloseForm(forms.Form):
    on = DayField(label="Hoạt động đến hết ngày")
    basis = WordsField(label="Căn cứ", max_length=300, help_text="Số, ngày của văn bản.")
    branch = forms.BooleanField(label="Đóng cả các đơn vị bên dưới đang hoạt động", required=False)
