"""A split: the day, the legal basis, and each part with its share, or with the units below that go to it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from django import forms

from units.actions import Offices, Share, again
from units.models import Kind, Tier, Unit
from units.queries import Codes
from units.tree import Draft
from units.words import canonical, fraction

from .fields import REQUIRED, ChosenField, DayField, WordsField

PARTS = 6
EACH, END = "each", "end"
NAMES = {"code": "code_1", "name": "name_1", "share": "share_1"}


class SplitForm(forms.Form):
    """One old unit is divided among several. Of a group (`below`: those directly below it) each unit below is assigned
    to a part, and shares are asked only where the group itself has reported: nothing else is divided by them. An office
    may also go on in each part, where nothing is below it, or end.
    """

    on = DayField(label="Chia tách từ ngày", help_text="Đơn vị cũ hết hoạt động vào ngày liền trước.")
    basis = WordsField(label="Căn cứ", max_length=300, help_text="Số, ngày của văn bản.")
    tier = ChosenField(label="Cấp của đơn vị mở mới", choices=Tier.choices)
    parent = WordsField(label="Mã đơn vị cấp trên của đơn vị mở mới", max_length=64, required=False)

    def __init__(self, data, old: Unit, below: Sequence[Unit] = (), **options):
        super().__init__(data, **options)
        self.old, self.below = old, list(below)
        self.asks_shares = old.reports or not self.below
        self.columns = ("code", "name", "share") if self.asks_shares else ("code", "name")
        for number in range(1, PARTS + 1):
            asked = number <= 2
            self.fields[f"code_{number}"] = WordsField(label="Mã", max_length=64, required=asked)
            self.fields[f"name_{number}"] = WordsField(label="Tên", max_length=200, required=False)
            if self.asks_shares:
                self.fields[f"share_{number}"] = WordsField(label="Tỷ lệ", max_length=20, required=asked)
        parts = [("", "Chọn phần"), *((str(number), f"Phần thứ {number}") for number in range(1, PARTS + 1))]
        for unit in self.below:
            label = f"{unit.name} ({unit.code})"
            each = [(EACH, "Mỗi phần một phòng, ban")] if not unit.has_children else []
            office = [*each, (END, "Chấm dứt hoạt động")] if unit.kind == Kind.OFFICE else []
            self.fields[f"into_{unit.pk}"] = ChosenField(label=label, choices=[*parts, *office])

    def lines(self):
        """The bound fields of each part, for the page."""
        return [
            (number, [self[f"{name}_{number}"] for name in self.columns]) for number in range(1, PARTS + 1)
        ]

    def choices(self):
        """The bound fields of the units below, for the page."""
        return [self[f"into_{unit.pk}"] for unit in self.below]

    def clean(self) -> dict:
        """Shares as exact fractions that add up to 1; of a group, every part with some of the units below."""
        data = super().clean()
        total = Fraction(0)
        for number in range(1, PARTS + 1):
            given = {name: data.get(f"{name}_{number}") for name in self.columns}
            if not any(given.values()):
                continue
            for name, value in given.items():
                if name != "name" and not value and f"{name}_{number}" not in self.errors:
                    self.add_error(f"{name}_{number}", REQUIRED)
            if self.asks_shares:
                total += self._share(number, given["share"] or "0")
        if self.asks_shares and not self.errors and total != 1:
            self.add_error(None, f"Các tỷ lệ cộng lại là {total}, phải bằng đúng 1.")
        self._check_below()
        return data

    def _check_below(self) -> None:
        """No unit goes to a part that is not stated, and no part of a group is empty."""
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
    def offices(self) -> Offices:
        """Of a form without faults: what is below and goes to no single part."""
        return Offices(self._going_to(EACH), self._going_to(END))

    def _share(self, number: int, text: str) -> Fraction:
        try:
            share = fraction(text)
        except ValueError:
            self.add_error(f"share_{number}", "Tỷ lệ ghi 60%, 0,5 hoặc 1/3.")
            return Fraction(0)
        self.cleaned_data[f"share_{number}"] = share
        return share

    def shares(self, codes: Codes, parent: Unit | None) -> list[Share]:
        """The parts of a form without faults. A code that somebody else holds is who takes the part over; that of the
        old unit itself, without a name, is what is left of it; any other is a new unit, which needs a name.
        """
        data, on, found = self.cleaned_data, self.cleaned_data["on"], []
        for number in range(1, PARTS + 1):
            code = canonical(data[f"code_{number}"])
            if code:
                one = self._opened(number, code, codes) or self._part(
                    number, code, self._holder(codes, code, on), parent
                )
                found += [replace(one, below=self._going_to(number))] if one else []
        return found

    def _share_of(self, number: int) -> Fraction:
        """As stated; of a group by the number of units that go to the part, which decides where its people go."""
        if self.asks_shares:
            return self.cleaned_data[f"share_{number}"]
        apart = self.offices
        assigned = len(self.below) - len(apart.divided) - len(apart.ending)
        return Fraction(len(self._going_to(number)), assigned)

    def _holder(self, codes: Codes, code: str, on: date) -> Unit | None:
        there = (one for one in codes.holders(code) if one.active_from < on and not one.is_over(on))
        return next(there, None)

    def _opened(self, number: int, code: str, codes: Codes) -> Share | None:
        """The part goes to what another act of the same day has opened, under its name or none."""
        on, name = self.cleaned_data["on"], canonical(self.cleaned_data[f"name_{number}"])
        there = next((one for one in codes.holders(code) if one.active_from == on), None)
        if there is None or name not in ("", canonical(there.name)):
            return None
        return Share(again(there, on, there.parent), self._share_of(number), there=there)

    def _part(self, number: int, code: str, holder: Unit | None, parent: Unit | None) -> Share | None:
        data, old = self.cleaned_data, self.old
        on, name, share = data["on"], data[f"name_{number}"], self._share_of(number)
        if holder is not None and holder.pk != old.pk:
            if holder.path.startswith(old.path) or old.path.startswith(holder.path):
                message = f"{holder.name} ở trên hoặc ở dưới đơn vị cũ: không nhận được một phần của nó."
                self.add_error(f"code_{number}", message)
                return None
            if name and canonical(name) != canonical(holder.name):
                message = f"Mã này đang là {holder.name}: để trống tên, hoặc chọn mã khác cho đơn vị mới."
                self.add_error(f"name_{number}", message)
                return None
            return Share(again(holder, on, holder.parent), share, holder)
        if holder is not None and not name:
            return Share(again(old, on, old.parent), share)
        if not name:
            self.add_error(f"name_{number}", "Chưa có đơn vị mang mã này: hãy ghi tên để mở.")
            return None
        tier = "" if old.kind == Kind.OFFICE else data["tier"]
        declared = old.reports_declared
        return Share(Draft(code, name, old.kind, tier, on, parent=parent, reports_declared=declared), share)
