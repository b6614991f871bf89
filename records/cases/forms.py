"""The upload of an export with its months, and what each column and word means."""

from collections.abc import Mapping as Given
from collections.abc import Sequence

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
    """The month and those before it, by their codes."""
    return [(str(one), one.label.capitalize()) for one in (month.plus(-n) for n in range(MONTHS_BACK))]


class CaseMonthsForm(forms.Form):
    """The run of reporting months that a file is for; it ends with the page's month or before."""

    first = ListChoiceField(label="Từ tháng")
    last = ListChoiceField(label="Đến tháng")

    def __init__(self, month: Month, *given, **more) -> None:
        super().__init__(*given, **more)
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
        """As chosen."""
        return Month.parse(self.cleaned_data["first"]), Month.parse(self.cleaned_data["last"])


class CaseUploadForm(CaseMonthsForm):
    """A file, how to read it, and columns that are to pass though nothing is known of them."""

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

    def __init__(self, month: Month, mappings: Sequence[CaseMapping], *given, **more) -> None:
        super().__init__(month, *given, **more)
        self.mappings = {str(mapping.pk): mapping for mapping in mappings}
        self.fields["mapping"].choices = [
            ("", "Tự nhận biết"),
            *((key, one.name) for key, one in self.mappings.items()),
        ]

    @property
    def kept(self) -> list[str]:
        """The heads that are to pass."""
        return [head for part in self.cleaned_data["keep"].split(";") if (head := clean_text(part))]

    @property
    def chosen(self) -> CaseMapping | None:
        """The mapping chosen by name."""
        return self.mappings.get(self.cleaned_data["mapping"])


def column_box(column: CaseColumn) -> str:
    """The name of the box that says what a column is: "cot-3"."""
    return f"cot-{column.at}"


def word_box(role: str, column: CaseColumn, place: int) -> str:
    """The name of the box that says what a word means: "tu-3-channel-0"."""
    return f"tu-{column.at}-{role}-{place}"


def read_mapping(
    columns: Sequence[CaseColumn], data: Given[str, str], known: ColumnMapping, targets: WordTargets
) -> tuple[ColumnMapping, list[str]]:
    """What was chosen, and what cannot be: one role for two columns. A word without a box keeps what is known of it."""
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
    words = {role: dict(told) for role, told in known.words.items()}
    for role, meanings in targets.items():
        column = next((column for column in columns if column.head == roles.get(role)), None)
        for place, word in enumerate(words_of_column(column)):
            target = data.get(word_box(role, column, place))
            if target is not None:
                words.setdefault(role, {})[folded_text(word)] = target if target in meanings else ""
    undue = data.get("khong-hen") == "1"
    return ColumnMapping(roles, words, undue).with_words(columns, targets), problems


def read_mapping_name(data: Given[str, str]) -> str:
    """The name under which a mapping is saved; "" for none."""
    return clean_text(data.get("ten", ""))[:MAX_NAME_LENGTH]
