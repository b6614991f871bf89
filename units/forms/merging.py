"""A merger: which old units, the new one, the day, the legal basis."""

from datetime import date, timedelta

from django import forms

from units.dates import write_day
from units.models import Kind, Tier, Unit
from units.queries import Codes
from units.tree import Draft
from units.words import canonical

from .fields import ChosenField, DayField, WordsField

MOST = 500


def _free_from(unit: Unit) -> date:
    """The last day on which a successor may begin: the one after the unit's end."""
    return unit.active_until + timedelta(1) if unit.active_until else date.max


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
        label="Tên đơn vị mới",
        max_length=200,
        required=False,
        help_text="Ghi đủ loại đơn vị, ví dụ: xã Thanh Lâm. Để trống nếu đơn vị mới đã mở từ ngày đó.",
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
            holders = [one for one in codes.holders(code) if one.active_from < on <= _free_from(one)]
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

    def there(self, codes: Codes) -> Unit | None:
        """The unit that has opened on the day under the code and name of the new one, or the name left blank."""
        data = self.cleaned_data
        found = (one for one in codes.holders(data["code"]) if one.active_from == data["on"])
        unit = next(found, None)
        return unit if unit and canonical(data["name"]) in ("", canonical(unit.name)) else None

    def draft(self, parent: Unit | None, kind: str) -> Draft:
        """A new unit to open, of the kind of the old ones; without a name it is blamed."""
        data, name = self.cleaned_data, self.cleaned_data["name"]
        if not name:
            self.add_error("name", "Chưa có đơn vị mang mã này từ ngày đó: hãy ghi tên để mở.")
        tier = "" if kind == Kind.OFFICE else data["tier"]
        return Draft(data["code"], name, kind, tier, data["on"], parent=parent)
