"""A merger: which old units, the new one, the day, the legal basis."""

from datetime import date

from django import forms

from units.dates import write_day
from units.models import Kind, Tier, Unit
from units.queries import Codes
from units.tree import Draft

from .fields import ChosenField, DayField, WordsField

MOST = 500


def _told(unit: Unit, today: date) -> str:
    """With the day where it is still to come: two units of one code may stand in the list."""
    since = f", từ {write_day(unit.active_from)}" if unit.active_from > today else ""
    until = f", đến hết {write_day(unit.active_until)}" if unit.active_until else ""
    return f"{unit.name} ({unit.code}){since}{until}"


class MergeForm(forms.Form):
    """Old units are ticked in a list, or named by code where they are elsewhere."""

    olds = forms.MultipleChoiceField(
        label="Đơn vị cũ",
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "many"}),
        error_messages={"invalid_choice": "Có đơn vị không chọn được."},
    )
    codes = WordsField(
        label="Mã các đơn vị cũ ở nơi khác",
        max_length=4000,
        required=False,
        help_text="Cách nhau bằng dấu cách; dùng khi đơn vị cũ không có trong danh sách trên.",
    )
    on = DayField(
        label="Đơn vị mới hoạt động từ ngày", help_text="Đơn vị cũ hết hoạt động vào ngày liền trước."
    )
    basis = WordsField(label="Căn cứ", max_length=300, help_text="Số, ngày của văn bản.")
    offices = ChosenField(
        label="Phòng, ban của các đơn vị cũ",
        choices=[
            ("move", "Chuyển sang đơn vị mới; phòng, ban trùng tên nhập làm một"),
            ("end", "Chấm dứt hoạt động, không có đơn vị kế thừa"),
        ],
        initial="move",
        required=False,
        help_text="Chỉ dùng khi đơn vị cũ có đơn vị trực thuộc. Xã, phường trực thuộc luôn chuyển sang đơn vị mới.",
    )
    code = WordsField(label="Mã đơn vị mới", max_length=64)
    name = WordsField(
        label="Tên đơn vị mới", max_length=200, help_text="Ghi đủ loại đơn vị, ví dụ: xã Thanh Lâm."
    )
    tier = ChosenField(label="Cấp của đơn vị mới", choices=Tier.choices)
    parent = WordsField(label="Mã đơn vị cấp trên của đơn vị mới", max_length=64, required=False)

    def __init__(self, data, listed: list[Unit], today: date, **options):
        super().__init__(data, **options)
        self.listed = {str(unit.pk): unit for unit in listed[:MOST]}
        self.fields["olds"].choices = [(pk, _told(unit, today)) for pk, unit in self.listed.items()]

    def chosen(self, codes: Codes) -> list[Unit]:
        """The old units of a form without faults in these fields; unknown codes are blamed."""
        found = [self.listed[pk] for pk in self.cleaned_data["olds"]]
        on = self.cleaned_data["on"]
        for code in dict.fromkeys(self.cleaned_data["codes"].replace(",", " ").split()):
            holders = [one for one in codes.holders(code) if one.active_from < on and not one.is_over(on)]
            if holders:
                found.append(holders[-1])
            else:
                self.add_error("codes", f"Không có đơn vị nào đang hoạt động mang mã {code[:40]}.")
        if not found and not self.errors:
            self.add_error("olds", "Hãy chọn ít nhất một đơn vị cũ.")
        return list(dict.fromkeys(found))

    @property
    def offices_end(self) -> bool:
        """Of a form without faults: whether the offices of the old units end."""
        return self.cleaned_data["offices"] == "end"

    def draft(self, parent: Unit | None, kind: str) -> Draft:
        """The new unit, of the kind of the old ones."""
        data = self.cleaned_data
        tier = "" if kind == Kind.OFFICE else data["tier"]
        return Draft(data["code"], data["name"], kind, tier, data["on"], parent=parent)
