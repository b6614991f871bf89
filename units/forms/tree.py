"""Opening, closing and succeeding a unit."""

from django import forms

from units.actions import Part
from units.models import Kind, Tier, Unit
from units.queries import Codes
from units.tree import Draft, Refused
from units.words import canonical, fraction

from .fields import REQUIRED, ChosenField, DayField, WordsField

_REPORTS = [
    ("", "Theo mặc định"),
    ("yes", "Có"),
    ("no", "Không"),
]
_DECLARED = {"": None, "yes": True, "no": False}
PARTS = 4


def show_refusal(form: forms.Form, refused: Refused, names: dict[str, str] | None = None) -> None:
    """Every fault at its field; what has no field above the form."""
    for wrong in refused.wrongs:
        name = (names or {}).get(wrong.field, wrong.field)
        form.add_error(
            name if name in form.fields else None, forms.ValidationError(wrong.message, code=wrong.code)
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
    basis = WordsField(label="Căn cứ", max_length=300, required=False, help_text="Số, ngày của văn bản.")

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
            legal_basis=data["basis"],
        )


class CloseForm(forms.Form):
    on = DayField(label="Hoạt động đến hết ngày")
    basis = WordsField(label="Căn cứ", max_length=300, help_text="Số, ngày của văn bản.")
    branch = forms.BooleanField(label="Đóng cả các đơn vị bên dưới đang hoạt động", required=False)


class SucceedForm(forms.Form):
    """One or several old units go over into one new, or one old into several new ones with shares."""

    on = DayField(
        label="Đơn vị mới hoạt động từ ngày", help_text="Đơn vị cũ hết hoạt động vào ngày liền trước."
    )
    basis = WordsField(label="Căn cứ", max_length=300, help_text="Số, ngày của văn bản.")
    others = WordsField(
        label="Mã các đơn vị cùng nhập vào",
        max_length=500,
        required=False,
        help_text="Khi nhiều đơn vị nhập thành một; cách nhau bằng dấu cách.",
    )
    tier = ChosenField(label="Cấp của đơn vị mới", choices=Tier.choices)
    parent = WordsField(label="Mã đơn vị cấp trên của đơn vị mới", max_length=64, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for number in range(1, PARTS + 1):
            first = number == 1
            self.fields[f"code_{number}"] = WordsField(label="Mã", max_length=64, required=first)
            self.fields[f"name_{number}"] = WordsField(label="Tên", max_length=200, required=False)
            self.fields[f"share_{number}"] = WordsField(label="Tỷ lệ", max_length=20, required=False)

    def lines(self):
        """The bound fields of each successor, for the page."""
        return [
            (number, [self[f"{name}_{number}"] for name in ("code", "name", "share")])
            for number in range(1, PARTS + 1)
        ]

    def clean(self) -> dict:
        """Shares as exact fractions; a successor that is named must have a code."""
        data = super().clean()
        for number in range(1, PARTS + 1):
            if (data.get(f"name_{number}") or data.get(f"share_{number}")) and not data.get(f"code_{number}"):
                self.add_error(f"code_{number}", REQUIRED)
            try:
                data[f"share_{number}"] = fraction(data.get(f"share_{number}") or "1")
            except ValueError:
                self.add_error(f"share_{number}", "Tỷ lệ ghi 1, 0,5 hoặc 1/3.")
        return data

    def parts(self, codes: Codes, old: Unit, parent: Unit | None) -> list[Part]:
        """Successors: an existing unit that starts on the day, else a draft of the old unit's kind."""
        data = self.cleaned_data
        found = []
        for number in range(1, PARTS + 1):
            code = canonical(data[f"code_{number}"])
            if not code:
                continue
            unit = next((one for one in codes.holders(code) if one.active_from == data["on"]), None)
            if unit is None and not data[f"name_{number}"]:
                self.add_error(f"name_{number}", "Chưa có đơn vị mang mã này từ ngày đó: hãy ghi tên để mở.")
                continue
            tier = "" if old.kind == Kind.OFFICE else data["tier"]
            draft = Draft(
                code,
                data[f"name_{number}"],
                old.kind,
                tier,
                data["on"],
                parent=parent,
                legal_basis=data["basis"],
            )
            found.append(Part(unit or draft, data[f"share_{number}"]))
        return found
