"""Forms that open, close, merge and split units."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.text import capfirst

from core.dates import format_day
from core.forms import REQUIRED, CleanTextField, DayField, ListChoiceField
from core.text import canonical_text, parse_fraction
from units.models import Tier, Unit, UnitKind
from units.tree.details import DETAILS
from units.tree.queries import CodeIndex
from units.tree.rules import TreeRefused, UnitDraft

from .restructuring import SplitOffices, SplitShare, reopened_draft

_REPORTS = [
    ("", "Theo mặc định"),
    ("yes", "Có"),
    ("no", "Không"),
]
_DECLARED = {"": None, "yes": True, "no": False}


def show_refusal(form: forms.Form, refused: TreeRefused, names: dict[str, str] | None = None) -> None:
    """Add every fault to its field; faults without a field become form errors."""
    for wrong in refused.wrongs:
        name = (names or {}).get(wrong.field, wrong.field)
        form.add_error(
            name if name in form.fields else None,
            forms.ValidationError(capfirst(wrong.message), code=wrong.code),
        )


class OpenUnitForm(forms.Form):
    """A new unit."""

    code = CleanTextField(label="Mã", max_length=64)
    name = CleanTextField(label="Tên", max_length=200, help_text="Ghi đủ loại đơn vị, ví dụ: xã Liêm Túc.")
    kind = ListChoiceField(label="Loại", choices=UnitKind.choices)
    tier = ListChoiceField(label="Cấp", choices=Tier.choices)
    parent = CleanTextField(label="Mã đơn vị cấp trên", max_length=64, required=False)
    active_from = DayField(label="Hoạt động từ ngày")
    active_until = DayField(label="Đến hết ngày", required=False)
    reports = ListChoiceField(
        label="Tự báo cáo",
        choices=_REPORTS,
        required=False,
        help_text="Mặc định: đơn vị không có đơn vị bên dưới thì báo cáo hằng tháng.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for detail in DETAILS:
            self.fields[detail.field] = CleanTextField(
                label=detail.label, max_length=detail.longest, required=False, help_text=detail.help
            )

    def draft(self, parent: Unit | None) -> UnitDraft:
        """The draft from the valid form; `parent` was fetched with its right."""
        data = self.cleaned_data
        return UnitDraft(
            code=data["code"],
            name=data["name"],
            kind=data["kind"],
            tier="" if data["kind"] == UnitKind.OFFICE else data["tier"],
            parent=parent,
            active_from=data["active_from"],
            active_until=data["active_until"],
            reports_declared=_DECLARED[data["reports"]],
            **{detail.name: data[detail.field] for detail in DETAILS},
        )


class CloseUnitForm(forms.Form):
    on = DayField(label="Hoạt động đến hết ngày")
    basis = CleanTextField(label="Căn cứ", max_length=300, help_text="Số, ngày của văn bản.")
    branch = forms.BooleanField(label="Đóng cả các đơn vị bên dưới đang hoạt động", required=False)


MOST_LISTED = 500


def _free_from(unit: Unit) -> date:
    """The last day on which a successor may begin: the day after the unit closes."""
    return unit.active_until + timedelta(1) if unit.active_until else date.max


def _unit_label(unit: Unit, today: date) -> str:
    """With future and last days, since two units of one code may be in the list."""
    since = f", từ {format_day(unit.active_from)}" if unit.active_from > today else ""
    until = f", đến hết {format_day(unit.active_until)}" if unit.active_until else ""
    return f"{unit.name} ({unit.code}){since}{until}"


class MergeForm(forms.Form):
    """Old units are ticked in a list, or named by code where they are elsewhere."""

    olds = forms.MultipleChoiceField(
        label="Đơn vị cũ",
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "many"}),
        error_messages={"invalid_choice": "Có đơn vị không chọn được."},
    )
    codes = CleanTextField(
        label="Mã các đơn vị cũ ở nơi khác",
        max_length=4000,
        required=False,
        help_text="Cách nhau bằng dấu cách; dùng khi đơn vị cũ không có trong danh sách trên.",
    )
    on = DayField(
        label="Đơn vị mới hoạt động từ ngày", help_text="Đơn vị cũ hết hoạt động vào ngày liền trước."
    )
    basis = CleanTextField(label="Căn cứ", max_length=300, help_text="Số, ngày của văn bản.")
    offices = ListChoiceField(
        label="Phòng, ban của các đơn vị cũ",
        choices=[
            ("move", "Chuyển sang đơn vị mới; phòng, ban trùng tên nhập làm một"),
            ("end", "Chấm dứt hoạt động, không có đơn vị kế thừa"),
        ],
        initial="move",
        required=False,
        help_text="Chỉ dùng khi đơn vị cũ có đơn vị trực thuộc. Xã, phường trực thuộc luôn chuyển sang đơn vị mới.",
    )
    code = CleanTextField(label="Mã đơn vị mới", max_length=64)
    name = CleanTextField(
        label="Tên đơn vị mới",
        max_length=200,
        required=False,
        help_text="Ghi đủ loại đơn vị, ví dụ: xã Thanh Lâm. Để trống nếu đơn vị mới đã mở từ ngày đó.",
    )
    tier = ListChoiceField(label="Cấp của đơn vị mới", choices=Tier.choices)
    parent = CleanTextField(label="Mã đơn vị cấp trên của đơn vị mới", max_length=64, required=False)

    def __init__(self, data, listed: list[Unit], today: date, **options):
        super().__init__(data, **options)
        self.listed = {str(unit.pk): unit for unit in listed[:MOST_LISTED]}
        self.fields["olds"].choices = [(pk, _unit_label(unit, today)) for pk, unit in self.listed.items()]

    def chosen(self, codes: CodeIndex) -> list[Unit]:
        """The old units of a valid form; adds errors for unknown codes."""
        units = [self.listed[pk] for pk in self.cleaned_data["olds"]]
        on = self.cleaned_data["on"]
        for code in dict.fromkeys(self.cleaned_data["codes"].replace(",", " ").split()):
            holders = [
                holder for holder in codes.holders(code) if holder.active_from < on <= _free_from(holder)
            ]
            if holders:
                units.append(holders[-1])
            else:
                self.add_error("codes", f"Không có đơn vị nào đang hoạt động mang mã {code[:40]}.")
        if not units and not self.errors:
            self.add_error("olds", "Hãy chọn ít nhất một đơn vị cũ.")
        return list(dict.fromkeys(units))

    @property
    def offices_end(self) -> bool:
        """Whether the offices of the old units close (of a valid form)."""
        return self.cleaned_data["offices"] == "end"

    def there(self, codes: CodeIndex) -> Unit | None:
        """The unit that opened on the day with the new one's code and its name (or a blank name in the form)."""
        data = self.cleaned_data
        opened = (holder for holder in codes.holders(data["code"]) if holder.active_from == data["on"])
        unit = next(opened, None)
        return unit if unit and canonical_text(data["name"]) in ("", canonical_text(unit.name)) else None

    def draft(self, parent: Unit | None, kind: str) -> UnitDraft:
        """A new unit of the kind of the old ones; adds an error without a name."""
        data, name = self.cleaned_data, self.cleaned_data["name"]
        if not name:
            self.add_error("name", "Chưa có đơn vị mang mã này từ ngày đó: hãy ghi tên để mở.")
        tier = "" if kind == UnitKind.OFFICE else data["tier"]
        return UnitDraft(data["code"], name, kind, tier, data["on"], parent=parent)


PARTS = 6
EACH, END = "each", "end"
NAMES = {"code": "code_1", "name": "name_1", "share": "share_1"}


class SplitForm(forms.Form):
    """Divides a unit. Each child of a group (`below`) is assigned to a part, and shares are asked only if the group
    itself has reported: nothing else is divided by them. An office without units below may also continue in each part,
    or close.
    """

    on = DayField(label="Chia tách từ ngày", help_text="Đơn vị cũ hết hoạt động vào ngày liền trước.")
    basis = CleanTextField(label="Căn cứ", max_length=300, help_text="Số, ngày của văn bản.")
    tier = ListChoiceField(label="Cấp của đơn vị mở mới", choices=Tier.choices)
    parent = CleanTextField(label="Mã đơn vị cấp trên của đơn vị mở mới", max_length=64, required=False)

    def __init__(self, data, old: Unit, below: Sequence[Unit] = (), **options):
        super().__init__(data, **options)
        self.old, self.below = old, list(below)
        self.asks_shares = old.reports or not self.below
        self.columns = ("code", "name", "share") if self.asks_shares else ("code", "name")
        for number in range(1, PARTS + 1):
            required = number <= 2
            self.fields[f"code_{number}"] = CleanTextField(label="Mã", max_length=64, required=required)
            self.fields[f"name_{number}"] = CleanTextField(label="Tên", max_length=200, required=False)
            if self.asks_shares:
                self.fields[f"share_{number}"] = CleanTextField(
                    label="Tỷ lệ", max_length=20, required=required
                )
        parts = [("", "Chọn phần"), *((str(number), f"Phần thứ {number}") for number in range(1, PARTS + 1))]
        for unit in self.below:
            label = f"{unit.name} ({unit.code})"
            each = [(EACH, "Mỗi phần một phòng, ban")] if not unit.has_children else []
            office = [*each, (END, "Chấm dứt hoạt động")] if unit.kind == UnitKind.OFFICE else []
            self.fields[f"into_{unit.pk}"] = ListChoiceField(label=label, choices=[*parts, *office])

    def lines(self):
        """The bound fields of each part, for the page."""
        return [
            (number, [self[f"{name}_{number}"] for name in self.columns]) for number in range(1, PARTS + 1)
        ]

    def choices(self):
        """The bound fields of the units below, for the page."""
        return [self[f"into_{unit.pk}"] for unit in self.below]

    def clean(self) -> dict:
        """Shares must be exact fractions that sum to 1; every part of a group needs a child."""
        data = super().clean()
        total = Fraction(0)
        for number in range(1, PARTS + 1):
            cells = {name: data.get(f"{name}_{number}") for name in self.columns}
            if not any(cells.values()):
                continue
            for name, value in cells.items():
                if name != "name" and not value and f"{name}_{number}" not in self.errors:
                    self.add_error(f"{name}_{number}", REQUIRED)
            if self.asks_shares:
                total += self._share(number, cells["share"] or "0")
        if self.asks_shares and not self.errors and total != 1:
            self.add_error(None, f"Các tỷ lệ cộng lại là {total}, phải bằng đúng 1.")
        self._check_below()
        return data

    def _check_below(self) -> None:
        """Units go only to parts with a code, and no part of a group is empty."""
        data = self.cleaned_data
        for unit in self.below:
            number = data.get(f"into_{unit.pk}")
            if number in (EACH, END, None, ""):
                continue
            if not data.get(f"code_{number}") and f"code_{number}" not in self.errors:
                self.add_error(f"into_{unit.pk}", f"Phần thứ {number} chưa ghi mã.")
        if self.errors or not self.below:
            return
        for number in range(1, PARTS + 1):
            if data[f"code_{number}"] and not self._going_to(number):
                message = "Chưa có đơn vị bên dưới nào đi theo phần này: hãy chọn, hoặc bỏ trống phần này."
                self.add_error(f"code_{number}", message)

    def _going_to(self, choice: int | str) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.below if self.cleaned_data[f"into_{unit.pk}"] == str(choice))

    @property
    def offices(self) -> SplitOffices:
        """Children that go to no single part (of a valid form)."""
        return SplitOffices(self._going_to(EACH), self._going_to(END))

    def _share(self, number: int, text: str) -> Fraction:
        try:
            share = parse_fraction(text)
        except ValueError:
            self.add_error(f"share_{number}", "Tỷ lệ ghi 60%, 0,5 hoặc 1/3.")
            return Fraction(0)
        self.cleaned_data[f"share_{number}"] = share
        return share

    def shares(self, codes: CodeIndex, parent: Unit | None) -> list[SplitShare]:
        """The parts of a valid form. The code of another unit names the one that takes the part over; that of the old
        unit, without a name, its remainder; any other a new unit, which needs a name.
        """
        data, on, shares = self.cleaned_data, self.cleaned_data["on"], []
        for number in range(1, PARTS + 1):
            code = canonical_text(data[f"code_{number}"])
            if code:
                share = self._opened(number, code, codes) or self._part(
                    number, code, self._holder(codes, code, on), parent
                )
                shares += [replace(share, below=self._going_to(number))] if share else []
        return shares

    def _share_of(self, number: int) -> Fraction:
        """As entered; for a group by the number of its children in the part, which decides where its people go."""
        if self.asks_shares:
            return self.cleaned_data[f"share_{number}"]
        offices = self.offices
        assigned = len(self.below) - len(offices.divided) - len(offices.ending)
        return Fraction(len(self._going_to(number)), assigned)

    def _holder(self, codes: CodeIndex, code: str, on: date) -> Unit | None:
        there = (
            holder for holder in codes.holders(code) if holder.active_from < on and not holder.is_over(on)
        )
        return next(there, None)

    def _opened(self, number: int, code: str, codes: CodeIndex) -> SplitShare | None:
        """The part of a unit that another change of the same day has opened, with its name or none in the form."""
        on, name = self.cleaned_data["on"], canonical_text(self.cleaned_data[f"name_{number}"])
        there = next((holder for holder in codes.holders(code) if holder.active_from == on), None)
        if there is None or name not in ("", canonical_text(there.name)):
            return None
        return SplitShare(reopened_draft(there, on, there.parent), self._share_of(number), there=there)

    def _part(self, number: int, code: str, holder: Unit | None, parent: Unit | None) -> SplitShare | None:
        data, old = self.cleaned_data, self.old
        on, name, share = data["on"], data[f"name_{number}"], self._share_of(number)
        if holder is not None and holder.pk != old.pk:
            if holder.path.startswith(old.path) or old.path.startswith(holder.path):
                message = f"{holder.name} ở trên hoặc ở dưới đơn vị cũ: không nhận được một phần của nó."
                self.add_error(f"code_{number}", message)
                return None
            if name and canonical_text(name) != canonical_text(holder.name):
                message = f"Mã này đang là {holder.name}: để trống tên, hoặc chọn mã khác cho đơn vị mới."
                self.add_error(f"name_{number}", message)
                return None
            return SplitShare(reopened_draft(holder, on, holder.parent), share, holder)
        if holder is not None and not name:
            return SplitShare(reopened_draft(old, on, old.parent), share)
        if not name:
            self.add_error(f"name_{number}", "Chưa có đơn vị mang mã này: hãy ghi tên để mở.")
            return None
        tier = "" if old.kind == UnitKind.OFFICE else data["tier"]
        declared = old.reports_declared
        return SplitShare(
            UnitDraft(code, name, old.kind, tier, on, parent=parent, reports_declared=declared), share
        )
