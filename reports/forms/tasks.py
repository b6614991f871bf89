"""The form about what became of a task."""

from datetime import date
from typing import Any

from django import forms

from reports.actions.tasks import seen_mark
from reports.models import PlanTask, TaskOutcome

from .fields import DayField, text_field


class OutcomeForm(forms.Form):
    """Outcome, its day and a note."""

    required_unmarked = True

    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label="Kết quả",
        choices=TaskOutcome.choices,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Hãy chọn kết quả của nhiệm vụ."),
    )
    on = DayField("Ngày có kết quả")
    words = text_field("Ghi chú", 2)

    def __init__(self, data: Any, task: PlanTask, day: date) -> None:
        now = {"seen": seen_mark(task), "outcome": task.outcome, "on": task.outcome_on}
        super().__init__(data, initial=now | {"words": task.outcome_note}, auto_id=f"id_{task.pk}_%s")
        self.day = day

    def clean_on(self) -> date | None:
        given = self.cleaned_data["on"]
        if given and given > self.day:
            raise forms.ValidationError("Ngày có kết quả không thể sau hôm nay.")
        return given
