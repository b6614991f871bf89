"""Forms for asking units, commenting, and contributing text."""

from collections.abc import Container, Sequence
from typing import Any

from django import forms
from django.utils.text import capfirst

from core.web.forms import ListChoiceField
from reports.drafting.forms import SectionForm
from reports.models import Asking, Resolution, ReviewSection
from reports.review_access.fields import REVISION, ReviewDayField, text_field
from reports.review_text import bound_text
from units.models import Unit

WHOLE = ""
OFFICES, BELOW, CHOSEN = "offices", "below", "chosen"


class AskForm(forms.Form):
    """Whom to ask for what, by when."""

    required_unmarked = True

    section = ListChoiceField(label="Hỏi về", required=False)
    whom = ListChoiceField(
        label="Hỏi những đơn vị nào",
        choices=[
            (CHOSEN, "Chọn từng đơn vị ở danh sách dưới"),
            (OFFICES, "Mọi phòng, ban"),
            (BELOW, "Mọi đơn vị hành chính trực thuộc"),
        ],
    )
    units = forms.MultipleChoiceField(
        label="Đơn vị",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Không chọn được đơn vị này."},
    )
    due_on = ReviewDayField("Hạn gửi", required=True)
    words = text_field("Yêu cầu cụ thể", 2)

    def __init__(
        self,
        data: Any,
        sections: Sequence[ReviewSection],
        units: Sequence[Unit],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self._sections, self._units = sections, units
        self.fields["section"].choices = [
            (WHOLE, "Toàn văn dự thảo: xin ý kiến"),
            *((str(one.pk), f"Nội dung mục: {one.heading}"[:120]) for one in sections),
        ]
        self.fields["units"].choices = [(str(one.pk), capfirst(one.name)) for one in units]

    def clean(self) -> dict[str, Any]:
        if not self.errors and not self.asked():
            self.add_error("units", "Chưa chọn đơn vị nào.")
        return self.cleaned_data

    def asked(self) -> list[Unit]:
        """The units that are meant."""
        whom, chosen = self.cleaned_data["whom"], set(self.cleaned_data["units"])
        if whom == OFFICES:
            return [one for one in self._units if one.kind == "office"]
        if whom == BELOW:
            return [one for one in self._units if one.kind == "committee"]
        return [one for one in self._units if str(one.pk) in chosen]

    def about(self) -> ReviewSection | None:
        """The section that is meant; None for the whole draft."""
        return next((one for one in self._sections if str(one.pk) == self.cleaned_data["section"]), None)


class CommentForm(forms.Form):
    """What somebody says about a section, or about the whole."""

    required_unmarked = True

    section = ListChoiceField(label="Về mục", required=False)
    unit = ListChoiceField(label="Ý kiến của")
    text = text_field("Ý kiến", 4, required=True)

    def __init__(self, data: Any, sections: Sequence[ReviewSection], voices: Sequence[Unit]) -> None:
        super().__init__(data, auto_id="id_y_kien_%s")
        self._sections, self._voices = sections, voices
        self.fields["section"].choices = [
            (WHOLE, "Toàn văn dự thảo"),
            *((str(one.pk), one.heading[:120]) for one in sections),
        ]
        self.fields["unit"].choices = [(str(one.pk), one.name) for one in voices]

    def chosen(self) -> tuple[ReviewSection | None, Unit]:
        """Section and unit of a valid form."""
        section = next((one for one in self._sections if str(one.pk) == self.cleaned_data["section"]), None)
        unit = next(one for one in self._voices if str(one.pk) == self.cleaned_data["unit"])
        return section, unit


class ReplyForm(forms.Form):
    """An answer to a comment, in the name of a unit; with a resolution it settles the comment."""

    text = text_field("Trả lời", 2)
    resolution = forms.ChoiceField(
        required=False,
        choices=[("", "Chưa giải quyết"), *Resolution.choices],
        error_messages={"invalid_choice": "Hãy chọn tiếp thu hay giải trình."},
    )


class ContributionForm(SectionForm):
    """The words alone, looked at as those of a section: a figure is one of the unit's own, or stood there before."""

    revision = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), REVISION),
    )

    def __init__(self, data: Any, asking: Asking, known: Container[str]) -> None:
        forms.Form.__init__(self, data, initial={"body": asking.body, "revision": asking.revision})
        del self.fields["heading"]
        self.known, self.before = known, set(bound_text.fact_keys(bound_text.parse_paragraphs(asking.body)))
