"""What people type into the pages of this room: counts, reasons, marked cells."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils.timezone import get_default_timezone

from figures import rules
from figures.measures import MEASURES, measure_label
from figures.periods import Month, PeriodError
from figures.writing import CountError, count, parse_count
from records.models import SwitchedGroup
from records.queries.past import RowKey
from units.forms.fields import ChosenField, DayField, WordsField
from units.models import Unit

REASON_LENGTH = 2000
TOO_LONG = {"max_length": f"Lý do tối đa {count(REASON_LENGTH)} ký tự."}
_TIME = re.compile(r"([0-9]{1,2})[:h]([0-9]{2})(?::([0-9]{2}))?")
STALE_PAGE = "Trang không còn đúng. Tải lại trang rồi nhập lại."


class CountField(forms.Field):
    """A count of dossiers as people write it: "1.240" is 1240, a blank is None (not reported) and never 0."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def to_python(self, value: Any) -> int | None:
        """Errors: ValidationError with the code and the sentence of figures.writing."""
        try:
            return parse_count(str(value or ""))
        except CountError as fault:
            raise forms.ValidationError(fault.message, code=fault.code) from fault

    def prepare_value(self, value: Any) -> Any:
        """A number as it is written (1.240); a text stays what was typed."""
        return count(value) if isinstance(value, int) else value


@dataclass(frozen=True)
class Line:
    """One row of the grid: a field, or a procedure of it. `values` are those stored."""

    key: RowKey
    code: str  # "ho-tich", or "ho-tich/1.000894": as the log names it
    label: str
    served: frozenset[str]
    values: Mapping[str, int | None]
    reason: str = ""
    of_procedure: bool = False
    proposed: int | None = None  # what the month before left open
    past: Mapping[int, Mapping[str, int | None]] = field(default_factory=dict)

    def name(self, measure: str) -> str:
        """The name of a cell in the form, and of a marked cell: "ho-tich-opening"."""
        return f"{self.code}-{measure}"

    def anchor(self, measure: str) -> str:
        """Where the cell stands on the page."""
        return f"o-{self.key[0]}-{self.key[1] or 0}-{measure}"

    def last(self, month: Month) -> Mapping[str, int | None]:
        """What the month before counted; nothing where it did not report the row."""
        return self.past.get(month.previous().number, {})


@dataclass(frozen=True)
class Typed:
    """What was typed, read: what can be stored, and by the name of its box what cannot, with code and message."""

    rows: Mapping[RowKey, Mapping[str, int | None]]
    reasons: Mapping[RowKey, str]
    faults: Mapping[str, tuple[str, str]]


def read_typed(lines: Iterable[Line], cells: Mapping[str, str], reasons: Mapping[str, str]) -> Typed:
    """`cells` by `Line.name()`, `reasons` by the code of their row; a name that no line has is a fault as well."""
    rows: dict[RowKey, dict[str, int | None]] = {}
    stated: dict[RowKey, str] = {}
    faults: dict[str, tuple[str, str]] = {}
    unread, unstated = dict(cells), dict(reasons)
    for line in lines:
        for measure in MEASURES:
            text = unread.pop(name := line.name(measure), None)
            if text is None:
                continue
            value, fault = rules.read_cell(measure, text, line.served)
            if fault:
                faults[name] = fault.code, fault.message
            else:
                rows.setdefault(line.key, {})[measure] = value
        reason = unstated.pop(line.code, None)
        if reason is None:
            continue
        if len(reason) > REASON_LENGTH:
            faults[line.name("reason")] = "too_long", TOO_LONG["max_length"]
        else:
            rows.setdefault(line.key, {})
            stated[line.key] = reason
    for name in (*unread, *(f"{code}-reason" for code in unstated)):
        faults[name] = "not_served", "Báo cáo này không có ô đó."
    return Typed(rows, stated, faults)


class EntryForm(forms.Form):
    """Lines × measures. Cells that are not in the request stay as they are; a number in a cell that a field does
    not serve is an error; the cells that can be read are in `rows()` even while others cannot.
    """

    revision = forms.IntegerField(
        label="Biểu mẫu",
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), STALE_PAGE),
    )

    def __init__(self, lines: Iterable[Line], data: Any = None, *, day: date, **options: Any) -> None:
        """day: the last day of the month, for the names of the online levels."""
        super().__init__(data, **options)
        self.lines, self.day = tuple(lines), day
        for line in self.lines:
            for measure in MEASURES:
                # A number that may not stand there any more can at least be cleared.
                if measure in line.served or line.values[measure] is not None:
                    self.fields[line.name(measure)] = CountField(
                        label=f"{line.label}: {measure_label(measure, day)}"
                    )
            self.fields[line.name("reason")] = forms.CharField(
                label=f"Lý do ({line.label})",
                required=False,
                max_length=REASON_LENGTH,
                error_messages=TOO_LONG,
            )

    def clean(self) -> dict[str, Any]:
        for line in self.lines:
            for measure in MEASURES:
                text = "" if measure in line.served else self.data.get(line.name(measure), "")
                _, fault = rules.read_cell(measure, text, line.served)
                if fault:
                    self.cleaned_data.pop(line.name(measure), None)
                    place = f"{line.label}: {measure_label(measure, self.day)}"
                    self.add_error(None, forms.ValidationError(f"{place}: {fault.message}", code=fault.code))
        return self.cleaned_data

    @property
    def has_cells(self) -> bool:
        """Whether the request holds cells, and not only reasons."""
        return any(line.name(measure) in self.data for line in self.lines for measure in MEASURES)

    def rows(self) -> dict[RowKey, dict[str, int | None]]:
        """What can be read, as the actions take it; only cells that were in the request."""
        found: dict[RowKey, dict[str, int | None]] = {}
        for line in self.lines:
            cells = {
                measure: self.cleaned_data[line.name(measure)]
                for measure in MEASURES
                if line.name(measure) in self.data and line.name(measure) in self.cleaned_data
            }
            if cells or line.name("reason") in self.data:
                found[line.key] = cells
        return found

    def reasons(self) -> dict[RowKey, str]:
        """The stated reasons by row; only those that were in the request."""
        return {
            line.key: self.cleaned_data[name]
            for line in self.lines
            if (name := line.name("reason")) in self.data and name in self.cleaned_data
        }

    def faults(self) -> list[str]:
        """Every message, each with its place."""
        told = [str(message) for message in self.non_field_errors()]
        for name, messages in self.errors.items():
            if name in self.fields:
                label = self.fields[name].label or "Biểu mẫu"
                told += [f"{label}: {message}" for message in messages]
        return told


class ReasonForm(forms.Form):
    """Why a month is returned, or should be unlocked."""

    reason = forms.CharField(
        label="Lý do",
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Phải ghi lý do.", **TOO_LONG},
    )


class UnlockForm(forms.Form):
    """What is decided on a request to unlock; declining needs an answer, which the action asks for."""

    GRANT = "grant"

    request = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    verdict = forms.ChoiceField(choices=[(GRANT, "Đồng ý mở khóa"), ("decline", "Không đồng ý")])
    answer = forms.CharField(
        label="Ý kiến", required=False, max_length=REASON_LENGTH, error_messages=TOO_LONG
    )

    def clean(self) -> dict[str, Any]:
        if {"request", "verdict"} & self.errors.keys():
            self.add_error(None, STALE_PAGE)
        return self.cleaned_data


class OpenForm(forms.Form):
    """Which month of which unit to open; with `no_dossiers` it is filled with zeros at once."""

    unit = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    month = forms.CharField(max_length=16)
    no_dossiers = forms.BooleanField(required=False)

    def clean_month(self) -> Month:
        try:
            return Month.parse(self.cleaned_data["month"])
        except PeriodError as fault:
            raise forms.ValidationError(str(fault)) from fault


class UndoForm(forms.Form):
    """Up to which revision the last saving is to be undone."""

    revision = forms.IntegerField(min_value=1, max_value=2**31 - 1)


class UrgeForm(forms.Form):
    """Which unit to urge; without one, all that are silent."""

    unit = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


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


def chosen_pairs(values: Iterable[str]) -> dict[int, int]:
    """Submissions ticked for approval, each with the revision that was looked at: ["12:3"] → {12: 3}.

    Errors: ValueError for anything else.
    """
    pairs = {}
    for value in values:
        number, sign, revision = value.partition(":")
        if not (sign and _plain(number, 18) and _plain(revision, 9)):
            raise ValueError("Danh sách báo cáo đã chọn không đúng.")
        pairs[int(number)] = int(revision)
    return pairs


def _plain(text: str, longest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= longest
