"""Form fields of review pages: texts, lines, days, revision."""

from datetime import date
from typing import Any

from django import forms

from figures.formatting import format_count

from .actions import LONGEST_TEXT

FIRST_YEAR, LAST_YEAR = 1990, 2100

REVISION = "Trang không còn đúng. Tải lại trang rồi nhập lại."
_WITHIN = {"min": f"{FIRST_YEAR}-01-01", "max": f"{LAST_YEAR}-12-31"}


def _within_reason(day: date) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise forms.ValidationError(f"Ngày phải từ năm {FIRST_YEAR} đến năm {LAST_YEAR}.")


def text_field(label: str, rows: int, required: bool = False, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={
            "required": "Hãy ghi mục này.",
            "max_length": f"Dài quá {format_count(LONGEST_TEXT)} ký tự.",
        },
        **more,
    )


def line_field(label: str, length: int = 300, required: bool = False, **more: Any) -> forms.CharField:
    told = {"required": "Hãy ghi mục này.", "max_length": f"Dài quá {length} ký tự."}
    return forms.CharField(label=label, required=required, max_length=length, error_messages=told, **more)


class ReviewDayField(forms.DateField):
    """A day typed or picked; 2022-08-12 and 12/8/2022 are read. Nothing of a review happens before 1990."""

    def __init__(self, label: str, required: bool = False) -> None:
        super().__init__(
            label=label,
            required=required,
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"} | _WITHIN),
            error_messages={"invalid": "Không phải ngày. Viết như 12/8/2022.", "required": "Hãy ghi ngày."},
            validators=[_within_reason],
        )
