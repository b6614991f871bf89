"""The grid of counts as a form, and the forms that open a month and undo a saving."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms

from figures import count_rules
from figures.count_input import CountInputError, parse_count
from figures.formatting import format_count
from figures.measures import MEASURES, measure_label
from figures.periods import Month, PeriodError
from records.catalogue import RowKey
from records.submissions.lines import REASON_LENGTH, REASON_TOO_LONG, GridLine

STALE_PAGE = "Trang không còn đúng. Tải lại trang rồi nhập lại."


class CountField(forms.Field):
    """A count of dossiers as people write it: "1.240" is 1240, a blank is None (not reported) and never 0."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def to_python(self, value: Any) -> int | None:
        """Errors: ValidationError with the code and message of figures.count_input."""
        try:
            return parse_count(str(value or ""))
        except CountInputError as fault:
            raise forms.ValidationError(fault.message, code=fault.code) from fault

    def prepare_value(self, value: Any) -> Any:
        """A number formatted (1.240); a typed text unchanged."""
        return format_count(value) if isinstance(value, int) else value


class EntryForm(forms.Form):
    """Lines × measures. Cells that are not in the request do not change; a number in a cell that a field does not
    serve is an error; `rows()` has the valid cells even while others are invalid.
    """

    revision = forms.IntegerField(
        label="Biểu mẫu",
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), STALE_PAGE),
    )

    def __init__(self, lines: Iterable[GridLine], data: Any = None, *, day: date, **options: Any) -> None:
        """day: the last day of the month, for the names of the online levels."""
        super().__init__(data, **options)
        self.lines, self.day = tuple(lines), day
        for line in self.lines:
            for measure in MEASURES:
                # A stored number that is no longer served can at least be cleared.
                if measure in line.served or line.values[measure] is not None:
                    self.fields[line.name(measure)] = CountField(
                        label=f"{line.label}: {measure_label(measure, day)}"
                    )
            self.fields[line.name("reason")] = forms.CharField(
                label=f"Lý do ({line.label})",
                required=False,
                max_length=REASON_LENGTH,
                error_messages=REASON_TOO_LONG,
            )

    def clean(self) -> dict[str, Any]:
        for line in self.lines:
            for measure in MEASURES:
                text = "" if measure in line.served else self.data.get(line.name(measure), "")
                _, fault = count_rules.read_cell(measure, text, line.served)
                if fault:
                    self.cleaned_data.pop(line.name(measure), None)
                    place = f"{line.label}: {measure_label(measure, self.day)}"
                    self.add_error(None, forms.ValidationError(f"{place}: {fault.message}", code=fault.code))
        return self.cleaned_data

    @property
    def has_cells(self) -> bool:
        """Whether the request has cells, not only reasons."""
        return any(line.name(measure) in self.data for line in self.lines for measure in MEASURES)

    def rows(self) -> dict[RowKey, dict[str, int | None]]:
        """The valid cells of the request, for the actions."""
        rows: dict[RowKey, dict[str, int | None]] = {}
        for line in self.lines:
            cells = {
                measure: self.cleaned_data[line.name(measure)]
                for measure in MEASURES
                if line.name(measure) in self.data and line.name(measure) in self.cleaned_data
            }
            if cells or line.name("reason") in self.data:
                rows[line.key] = cells
        return rows

    def reasons(self) -> dict[RowKey, str]:
        """The valid reasons of the request."""
        return {
            line.key: self.cleaned_data[name]
            for line in self.lines
            if (name := line.name("reason")) in self.data and name in self.cleaned_data
        }

    def faults(self) -> list[str]:
        """All error messages, each with its cell."""
        faults = [str(message) for message in self.non_field_errors()]
        for name, messages in self.errors.items():
            if name in self.fields:
                label = self.fields[name].label or "Biểu mẫu"
                faults += [f"{label}: {message}" for message in messages]
        return faults


class UndoForm(forms.Form):
    """The revision of the saving to undo."""

    revision = forms.IntegerField(min_value=1, max_value=2**31 - 1)


class OpenMonthForm(forms.Form):
    """The unit and month to open; with `no_dossiers` it is filled with zeros at once."""

    unit = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    month = forms.CharField(max_length=16)
    no_dossiers = forms.BooleanField(required=False)

    def clean_month(self) -> Month:
        try:
            return Month.parse(self.cleaned_data["month"])
        except PeriodError as fault:
            raise forms.ValidationError(str(fault)) from fault
