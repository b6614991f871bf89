"""The form about one section of a review: heading and words, each figure checked against what is known."""

from collections.abc import Container
from typing import Any

from django import forms

from figures import bound
from figures.writing import count, quoted
from reports.actions import LONGEST_SECTION
from reports.models import ReviewSection

# Stored, a figure is longer than its reader sees it: this only bounds what is looked at.
_LONGEST_STORED = 20 * LONGEST_SECTION
_TOLD, _QUOTED = 5, 70


class SectionForm(forms.Form):
    """Heading and body of a section. A figure is known by its key or stood in the section before, so that nobody is
    kept from mending words by a figure whose source has gone.
    """

    required_unmarked = True

    heading = forms.CharField(
        label="Tiêu đề",
        max_length=300,
        error_messages={"required": "Hãy ghi tiêu đề của mục.", "max_length": "Dài quá 300 ký tự."},
    )
    body = forms.CharField(
        label="Nội dung",
        required=False,
        max_length=_LONGEST_STORED,
        widget=forms.Textarea(attrs={"rows": 18}),
        error_messages={"max_length": f"Dài quá {count(LONGEST_SECTION)} ký tự."},
    )

    def __init__(self, data: Any, section: ReviewSection, known: Container[str]) -> None:
        super().__init__(data, initial={"heading": section.heading, "body": section.body})
        self.known, self.before = known, set(bound.keys(bound.paragraphs(section.body)))

    def clean_body(self) -> str:
        body = self.cleaned_data["body"]
        if len(bound.plain(body)) > LONGEST_SECTION:
            raise forms.ValidationError(f"Dài quá {count(LONGEST_SECTION)} ký tự.")
        wrong = [*self._broken(body), *self._unknown(body)]
        if wrong:
            more = [f"Còn {len(wrong) - _TOLD} chỗ như vậy nữa."] if len(wrong) > _TOLD else []
            raise forms.ValidationError(wrong[:_TOLD] + more)
        return body

    @staticmethod
    def _broken(body: str) -> list[str]:
        return [
            f"Đoạn {number}: “{quoted(text, _QUOTED)}” không phải một số liệu trọn vẹn. Chép lại cả cụm [[mã|số]] "
            "từ danh sách số liệu, hoặc xóa các dấu [[, ]]."
            for number, text in bound.broken(body)
        ]

    def _unknown(self, body: str) -> list[str]:
        return [
            f"Đoạn {number}: không có số liệu nào mang mã “{quoted(run.key, _QUOTED)}” (ở số “{quoted(run.text)}”). "
            "Hãy chọn lại từ danh sách số liệu."
            for number, runs in enumerate(bound.paragraphs(body), 1)
            for run in runs
            if run.key and run.key not in self.known and run.key not in self.before
        ]
