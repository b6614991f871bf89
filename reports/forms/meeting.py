"""The form about the meeting of a review."""

from typing import Any

from django import forms

from reports.actions import MeetingText
from reports.queries.meeting import Told

from .fields import DayField, line_field, text_field

REVISION = "Trang không còn đúng. Tải lại trang rồi nhập lại."


class MeetingForm(forms.Form):
    """Everything about a meeting; all of it may stay empty until it is known."""

    required_unmarked = True

    revision = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), REVISION),
    )
    day = DayField("Ngày hội nghị")
    place = line_field("Nơi họp")
    chaired = line_field("Chủ trì")
    attended = text_field("Thành phần dự", 3)
    directed = text_field("Ý kiến chỉ đạo tại hội nghị", 6)
    conclusions = text_field("Kết luận", 6)

    def __init__(self, data: Any, told: Told) -> None:
        """`told`: the meeting as it is stored, shown while nothing was sent."""
        super().__init__(data, initial={name: getattr(told, name) for name in self.base_fields})

    def clean(self) -> dict[str, Any]:
        """A field that was not sent is not an emptied one."""
        if self.is_bound and any(name not in self.data for name in self.base_fields):
            raise forms.ValidationError(REVISION)
        return self.cleaned_data

    def meeting(self) -> MeetingText:
        """What was typed, of a valid form."""
        return MeetingText(**{name: value for name, value in self.cleaned_data.items() if name != "revision"})
