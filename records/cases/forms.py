"""Forms for the upload of an export with its months, and for the meaning of its columns and words."""

from collections.abc import Mapping, Sequence

from django import forms

from core.forms import CleanTextField, ListChoiceField
from core.text import clean_text
from figures.periods import Month
from records.models import CaseMapping

from .column_filter import ROLES, CaseColumn, WordTargets, folded_text
from .mapping import ColumnMapping, words_of_column

MONTHS_BACK = 24
MAX_NAME_LENGTH = 100
_FILE = dict.fromkeys(("required", "missing", "invalid"), "Hãy chọn tệp CSV hoặc XLSX.") | {
    "empty": "Tệp rỗng."
}


def month_choices(month: Month) -> list[tuple[str, str]]:
    """The month and the months before it, as (code, label)."""
    return [
        (str(earlier), earlier.label.capitalize()) for earlier in (month.plus(-n) for n in range(MONTHS_BACK))
    ]


class CaseMonthsForm(forms.Form):
    """The reporting months of a file, which end with the page's month or earlier."""

    first = ListChoiceField(label="Từ tháng")
    last = ListChoiceField(label="Đến tháng")

    def __init__(self, month: Month, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first", "last"):
            self.fields[name].choices = month_choices(month)
            self.fields[name].initial = str(month)

    def clean(self) -> dict:
        read = super().clean()
        if "first" in read and "last" in read and self.months[1] < self.months[0]:
            self.add_error("last", "Tháng cuối phải từ tháng đầu trở đi.")
        return read

    @property
    def months(self) -> tuple[Month, Month]:
        return Month.parse(self.cleaned_data["first"]), Month.parse(self.cleaned_data["last"])


class CaseUploadForm(CaseMonthsForm):
    """A file with its mapping, months and further columns to stage."""

    file = forms.FileField(
        label="Tệp danh sách hồ sơ",
        help_text="Tệp CSV (đến một triệu dòng) hoặc Excel .xlsx (đến 50.000 dòng) xuất từ hệ thống một cửa, mỗi dòng "
        "một hồ sơ. Tệp lớn có thể mất vài phút mới tải lên xong.",
        error_messages=_FILE,
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
    )
    mapping = ListChoiceField(label="Cách ghép cột", required=False)
    keep = CleanTextField(
        label="Cột cần giữ thêm",
        required=False,
        max_length=500,
        help_text="Chỉ khi hệ thống bỏ nhầm cột: ghi đúng tên cột, cách nhau bằng dấu chấm phẩy.",
    )
    field_order = ("file", "mapping", "first", "last", "keep")

    def __init__(self, month: Month, mappings: Sequence[CaseMapping], *args, **kwargs) -> None:
        super().__init__(month, *args, **kwargs)
        self.mappings = {str(mapping.pk): mapping for mapping in mappings}
        self.fields["mapping"].choices = [
            ("", "Tự nhận biết"),
            *((key, mapping.name) for key, mapping in self.mappings.items()),
        ]

    @property
    def kept_heads(self) -> list[str]:
        return [head for part in self.cleaned_data["keep"].split(";") if (head := clean_text(part))]

    @property
    def chosen(self) -> CaseMapping | None:
        """The chosen saved mapping."""
        return self.mappings.get(self.cleaned_data["mapping"])


def column_box(column: CaseColumn) -> str:
    """The name of the input for the role of a column, like "cot-3"."""
    return f"cot-{column.at}"


def word_box(role: str, column: CaseColumn, place: int) -> str:
    """The name of the input for the meaning of a word, like "tu-3-channel-0"."""
    return f"tu-{column.at}-{role}-{place}"


def read_mapping(
    columns: Sequence[CaseColumn], data: Mapping[str, str], saved: ColumnMapping, targets: WordTargets
) -> tuple[ColumnMapping, list[str]]:
    """The chosen mapping, and problems (one role for two columns). A word without an input keeps its saved meaning."""
    roles: dict[str, str] = {}
    problems = []
    for column in columns:
        role = data.get(column_box(column), "")
        if role not in ROLES:
            continue
        if role in roles:
            problems.append(f"Hai cột cùng là “{ROLES[role]}”: {roles[role]} và {column.head}.")
            continue
        roles[role] = column.head
    words = {role: dict(word_targets) for role, word_targets in saved.words.items()}
    for role, meanings in targets.items():
        column = next((column for column in columns if column.head == roles.get(role)), None)
        for place, word in enumerate(words_of_column(column)):
            target = data.get(word_box(role, column, place))
            if target is not None:
                words.setdefault(role, {})[folded_text(word)] = target if target in meanings else ""
    undue = data.get("khong-hen") == "1"
    return ColumnMapping(roles, words, undue).with_words(columns, targets), problems


def read_mapping_name(data: Mapping[str, str]) -> str:
    """The name under which to save the mapping; "" for none."""
    return clean_text(data.get("ten", ""))[:MAX_NAME_LENGTH]
