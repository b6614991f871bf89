"""Forms of a section (which checks its figures), of an outline and of a phrase."""

from collections.abc import Container
from dataclasses import asdict
from typing import Any

from django import forms

from figures.formatting import format_count, shorten
from reports.models import ReviewSection
from reports.review_access import LONGEST_SECTION
from reports.review_text import bound_text, phrases
from reports.review_text.facts import is_fact_name
from units.models import Unit

from .queries import BLOCKS, OutlineSectionData

# A stored figure token is longer than its printed text: this limit only bounds parsing.
_LONGEST_STORED = 20 * LONGEST_SECTION
_MOST_SHOWN, _QUOTED = 5, 70
_SLUG_ERRORS = {"invalid": "Chỉ dùng chữ không dấu, số và gạch nối.", "max_length": "Dài quá 64 ký tự."}


class SectionForm(forms.Form):
    """Heading and body of a section. Each figure must have a known key or be in the stored text already: a figure
    whose source has gone must not block edits.
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
        error_messages={"max_length": f"Dài quá {format_count(LONGEST_SECTION)} ký tự."},
    )

    def __init__(self, data: Any, section: ReviewSection, facts: Container[str]) -> None:
        super().__init__(data, initial={"heading": section.heading, "body": section.body})
        self.facts, self.before = facts, set(bound_text.fact_keys(bound_text.parse_paragraphs(section.body)))

    def clean_body(self) -> str:
        body = self.cleaned_data["body"]
        if len(bound_text.plain_text(body)) > LONGEST_SECTION:
            raise forms.ValidationError(f"Dài quá {format_count(LONGEST_SECTION)} ký tự.")
        wrong = [*self._broken(body), *self._unknown(body)]
        if wrong:
            more = [f"Còn {len(wrong) - _MOST_SHOWN} chỗ như vậy nữa."] if len(wrong) > _MOST_SHOWN else []
            raise forms.ValidationError(wrong[:_MOST_SHOWN] + more)
        return body

    @staticmethod
    def _broken(body: str) -> list[str]:
        return [
            f"Đoạn {number}: “{shorten(text, _QUOTED)}” không phải một số liệu trọn vẹn. Chép lại cả cụm [[mã|số]] "
            "từ danh sách số liệu, hoặc xóa các dấu [[, ]]."
            for number, text in bound_text.broken_tokens(body)
        ]

    def _unknown(self, body: str) -> list[str]:
        return [
            f"Đoạn {number}: không có số liệu nào mang mã “{shorten(run.key, _QUOTED)}” (ở số “{shorten(run.text)}”). "
            "Hãy chọn lại từ danh sách số liệu."
            for number, runs in enumerate(bound_text.parse_paragraphs(body), 1)
            for run in runs
            if run.key and run.key not in self.facts and run.key not in self.before
        ]


BLANK, MOST = 3, 80
MOST_DAYS = 180
LEVELS = ((1, "I."), (2, "1."), (3, "1.1."))
_REQUIRED = {"required": "Hãy ghi mục này."}


def _number(label: str, least: int, most: int, **more: Any) -> forms.IntegerField:
    message = f"Ghi một số từ {least} đến {most}."
    names = ("invalid", "min_value", "max_value", "required")
    return forms.IntegerField(
        label=label, min_value=least, max_value=most, error_messages=dict.fromkeys(names, message), **more
    )


class OutlineSectionForm(forms.Form):
    """A section of an outline; a row without a heading is ignored."""

    required_unmarked = True

    order = _number("Thứ tự", 1, 999, required=False)
    level = forms.TypedChoiceField(label="Cấp mục", choices=LEVELS, coerce=int, required=False, empty_value=1)
    heading = forms.CharField(
        label="Tiêu đề",
        required=False,
        max_length=300,
        error_messages={"max_length": "Dài quá 300 ký tự."},
    )
    block = forms.ChoiceField(label="Phần số liệu sau mục", choices=list(BLOCKS.items()), required=False)
    key = forms.ChoiceField(label="Câu mẫu của mục", required=False)
    responsible = forms.TypedChoiceField(label="Đơn vị chủ trì", coerce=int, required=False, empty_value=None)
    due_days = _number("Hạn gửi (số ngày sau kỳ)", 0, MOST_DAYS, required=False)

    def __init__(self, *args: Any, offices: list[tuple[Any, str]], keys: list[tuple[str, str]], **more: Any):
        super().__init__(*args, **more)
        self.fields["responsible"].choices = [("", "—"), *offices]
        self.fields["key"].choices = [("", "Không có"), *keys]
        for name in ("level", "block", "key", "responsible"):
            self.fields[name].error_messages["invalid_choice"] = "Không chọn được mục này."


class OutlineSectionForms(forms.BaseFormSet):
    """The sections of an outline and some blank rows."""

    def sections(self) -> list[OutlineSectionData]:
        """The sections by `order` (a stable sort)."""
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data.get("heading")]
        ordered = sorted(rows, key=lambda row: row["order"] or 999)
        names = ("heading", "level", "key", "block", "responsible", "due_days")
        return [OutlineSectionData(**{name: row[name] for name in names}) for row in ordered]


_Sections = forms.formset_factory(
    OutlineSectionForm, formset=OutlineSectionForms, extra=BLANK, max_num=MOST, absolute_max=MOST + 10
)


def section_forms(
    data: Any, sections: tuple[OutlineSectionData, ...], offices: list[Unit], keys: list[tuple[str, str]]
) -> OutlineSectionForms:
    """The forms with submitted `data`, else with the current sections."""
    initial = [{"order": place * 10, **asdict(section)} for place, section in enumerate(sections, 1)]
    choices = {"offices": [(office.pk, office.name) for office in offices], "keys": keys}
    return _Sections(data, initial=initial, prefix="muc", form_kwargs=choices)


class PhraseForm(forms.Form):
    """A phrase; errors in text and conditions name their position."""

    required_unmarked = True

    key = forms.SlugField(
        label="Mã câu",
        max_length=64,
        help_text="Chữ thường không dấu, số và gạch nối",
        error_messages=_REQUIRED | _SLUG_ERRORS,
    )
    section = forms.ChoiceField(label="Mục", error_messages={"invalid_choice": "Không chọn được mục này."})
    slot = forms.SlugField(
        label="Chỗ",
        max_length=64,
        help_text="Các câu cùng một chỗ thay nhau: chỉ câu đầu tiên nói được là được dùng",
        error_messages=_REQUIRED | _SLUG_ERRORS,
    )
    order = _number("Thứ tự", 0, 100_000)
    of = forms.ChoiceField(
        label="Nói về", required=False, error_messages={"invalid_choice": "Không chọn được mục này."}
    )
    conditions = forms.CharField(
        label="Điều kiện",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": "Dài quá 1.000 ký tự."},
    )
    text = forms.CharField(
        label="Câu",
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages=_REQUIRED | {"max_length": "Dài quá 3.000 ký tự."},
    )
    begins_paragraph = forms.BooleanField(label="Mở đoạn mới", required=False)
    in_use = forms.BooleanField(label="Đang dùng", required=False)

    def __init__(
        self, data: Any, *, sections: list, kinds: list, initial: dict, new: bool, used_keys: set[str]
    ):
        super().__init__(data, initial=initial)
        self.used_keys = used_keys if new else set()
        self.fields["section"].choices = sections
        self.fields["of"].choices = kinds
        if not new:
            del self.fields["key"]

    def clean_key(self) -> str:
        key = self.cleaned_data["key"]
        if key in self.used_keys or key == "new":
            raise forms.ValidationError("Mã câu này đã có.")
        return key

    def clean_text(self) -> str:
        return self._checked("text", phrases.check_phrase)

    def clean_conditions(self) -> str:
        return self._checked("conditions", phrases.check_conditions)

    def clean(self) -> dict[str, Any]:
        """Refuse “*” in a phrase without a subject."""
        data = self.cleaned_data
        for name in ("text", "conditions"):
            written = data.get(name) or ""
            if not data.get("of") and "*" in written:
                at = written.index("*") + 1
                self.add_error(name, f"Ký tự {at}: “*” chỉ dùng khi câu nói về từng cấp hoặc từng chỉ tiêu.")
        return data

    def _checked(self, name: str, check: Any) -> str:
        written = self.cleaned_data[name].replace("\r\n", "\n")
        try:
            check(written, is_fact_name)
        except phrases.PhraseError as error:
            raise forms.ValidationError(str(error)) from None
        return written
