"""Forms of reviews: new draft, parts around the sections, tasks, reason, number, signed file."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import capfirst
from django.utils.timezone import localdate

from figures.formatting import format_count, format_day
from figures.periods import Calendar, Period
from reports.drafting.actions import TaskText
from reports.models import PlanTask, Review, ReviewState
from reports.review_access import ReviewDayField, line_field, text_field
from units.models import Unit

BLANK_TASKS = 2
MOST_TASKS = 40


INCOMPLETE = "Trang gửi lên thiếu ô hoặc không còn đúng, chưa lưu gì. Hãy mở lại trang sửa rồi gửi lại."


class NewReviewForm(forms.Form):
    """Unit and period of a new draft, and the units by which its figures are grouped."""

    unit = forms.ModelChoiceField(
        Unit.objects.none(),
        label="Đơn vị",
        empty_label=None,
        error_messages={"invalid_choice": "Không chọn được đơn vị này.", "required": "Hãy chọn đơn vị."},
    )
    period = forms.ChoiceField(
        label="Kỳ báo cáo",
        error_messages={"required": "Hãy chọn kỳ báo cáo.", "invalid_choice": "Không chọn được kỳ này."},
    )

    basis = forms.ChoiceField(
        label="Số liệu theo",
        choices=[
            ("reported", "Đơn vị khi báo cáo"),
            ("today", "Đơn vị hiện nay"),
        ],
        help_text="Đơn vị hiện nay: gồm cả số liệu của các đơn vị đã sáp nhập, chia tách.",
        required=False,
        error_messages={"invalid_choice": "Hãy chọn theo đơn vị khi báo cáo hoặc theo đơn vị hiện nay."},
    )

    def __init__(self, data: Any, units: list[Unit], calendar: Calendar, day: date) -> None:
        self.day = day
        super().__init__(data, initial={"period": calendar.latest_half(day).code})
        self.fields["unit"].queryset = Unit.objects.filter(pk__in=[unit.pk for unit in units])
        self.fields["period"].choices = [(period.code, period.label) for period in calendar.recent(day)]

    def clean_period(self) -> Period:
        return Period.parse(self.cleaned_data["period"])

    def units_of(self) -> date | None:
        """The day whose units group the figures: today, or the first day of a unit that opens later."""
        unit: Unit = self.cleaned_data["unit"]
        return max(self.day, unit.active_from) if self.cleaned_data["basis"] == "today" else None


class ReviewHeaderForm(forms.Form):
    """The parts around the sections of a draft: header, meeting, signer, recipients."""

    title = line_field("Tên báo cáo", required=True)
    issuer = text_field("Cơ quan ban hành (mỗi dòng in một dòng)", 2, required=True)
    superior = line_field("Cơ quan cấp trên trực tiếp (nếu in)")
    symbol = line_field("Ký hiệu", 30)
    place = line_field("Địa danh", 100)
    receiver = line_field("Đơn vị nhận báo cáo (phụ lục II)", 200)
    meeting_day = ReviewDayField("Ngày hội nghị")
    meeting_place = line_field("Nơi họp")
    chaired = line_field("Chủ trì")
    attended = text_field("Thành phần dự", 2)
    opening = text_field("Câu mở đầu", 3)
    closing = text_field("Câu kết thúc", 2)
    signer_lines = text_field("Thẩm quyền ký (mỗi dòng in một dòng)", 3)
    signer_name = line_field("Người ký", 100)
    recipients = text_field("Nơi nhận (mỗi dòng một nơi)", 6)

    # Almost every field is optional while the text is being written.
    required_unmarked = True

    HEADER = (
        "issuer", "superior", "symbol", "place", "receiver", "meeting_day", "meeting_place", "chaired", "attended",
        "opening", "closing",
    )  # fmt: skip

    def __init__(self, data: Any, review: Review) -> None:
        self.review = review
        super().__init__(data, initial=self._initial())

    def clean(self) -> dict[str, Any]:
        """Refuse a request without all fields: a missing field would otherwise be stored as empty."""
        if any(name not in self.data for name in self.fields):
            raise forms.ValidationError(INCOMPLETE)
        return self.cleaned_data

    def _initial(self) -> dict[str, Any]:
        review = self.review
        return {name: review.header.get(name, "") for name in self.HEADER} | {
            "title": review.title,
            "recipients": "\n".join(review.recipients),
            "signer_lines": "\n".join(review.signer.get("lines", ())),
            "signer_name": review.signer.get("name", ""),
        }

    @property
    def header_fields(self) -> list[Any]:
        return [self[name] for name in ("title", *self.HEADER[:-2])]

    @property
    def end_fields(self) -> list[Any]:
        return [self[name] for name in ("signer_lines", "signer_name", "recipients")]

    def changes(self) -> dict[str, Any]:
        """The arguments for reports.drafting.actions.edit_draft."""
        data = self.cleaned_data
        header = {name: data[name] for name in self.HEADER} | {
            "meeting_day": data["meeting_day"].isoformat() if data["meeting_day"] else ""
        }
        return {
            "title": data["title"],
            "header": {**self.review.header, **header},
            "signer": {"lines": _lines(data["signer_lines"]), "name": data["signer_name"]},
            "recipients": _lines(data["recipients"]),
        }


class TaskForm(forms.Form):
    """A task; a row without a text is ignored."""

    required_unmarked = True

    text = text_field("Nhiệm vụ", 2)
    unit = forms.TypedChoiceField(
        label="Đơn vị thực hiện",
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={"invalid_choice": "Không chọn được đơn vị này."},
    )
    responsible = line_field("Ghi khác tên đơn vị (nếu cần)")
    deadline = ReviewDayField("Thời hạn")

    def __init__(self, *args: Any, units: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].choices = [("", "Chưa chọn"), *units]


class TaskForms(forms.BaseFormSet):
    """The tasks of a draft and some blank rows. `broken`: the request did not have all rows of the page."""

    broken = False

    def tasks(self) -> list[TaskText]:
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data.get("text")]
        return [TaskText(row["text"], row["responsible"], row["deadline"], row["unit"]) for row in rows]

    def whole(self, shown: int) -> bool:
        """Whether the request has at least the rows that the page showed, each with all its fields."""
        if not self.management_form.is_valid():
            return False
        sent = self.management_form.cleaned_data["TOTAL_FORMS"]
        names = [f"{self.add_prefix(row)}-{name}" for row in range(sent) for name in TaskForm.base_fields]
        return shown <= sent <= self.absolute_max and all(name in self.data for name in names)


_TaskFormSet = forms.formset_factory(
    TaskForm, formset=TaskForms, extra=BLANK_TASKS, max_num=MOST_TASKS, absolute_max=MOST_TASKS + 10
)


def task_forms(data: Any, review: Review) -> TaskForms:
    """The forms with submitted `data`; without data or with incomplete data, the stored tasks."""
    tasks = list(review.tasks.select_related("unit"))
    initial = [
        {"text": task.text, "unit": task.unit_id, "responsible": task.responsible, "deadline": task.deadline}
        for task in tasks
    ]
    more = {"initial": initial, "prefix": "task", "form_kwargs": {"units": _answering(review, tasks)}}
    sent = _TaskFormSet(data, **more)
    if data is None or sent.whole(len(initial)):
        return sent
    stored = _TaskFormSet(**more)
    stored.broken = True
    return stored


def _answering(review: Review, tasks: Iterable[PlanTask]) -> list[tuple[int, str]]:
    """Who may be responsible for a task: the review's unit, the units directly below it, and those chosen already."""
    below = Unit.objects.filter(parent=review.unit, active_until=None).order_by("kind", "code")
    units = [review.unit, *below, *(task.unit for task in tasks if task.unit)]
    return list({unit.pk: capfirst(unit.name) for unit in units}.items())


class ClosingReasonForm(forms.Form):
    """The reason for closing figures despite warnings."""

    reason = forms.CharField(
        label="Lý do chốt khi còn việc cần xem",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": "Dài quá 1.000 ký tự."},
    )
    qr = forms.BooleanField(label="In mã QR dẫn đến trang kiểm tra", required=False)

    def __init__(self, data: Any, *, needed: bool = False) -> None:
        super().__init__(data, initial={"qr": settings.REVIEW_QR})
        self.fields["reason"].required = needed
        self.fields["reason"].error_messages["required"] = "Hãy ghi lý do chốt số liệu khi còn việc cần xem."


class IssueNumberForm(forms.Form):
    """Number and day of issue; a correction needs a reason."""

    number = line_field("Số", 50, required=True, help_text="Ví dụ 215/BC-UBND")
    issued_on = ReviewDayField("Ngày ban hành", required=True)
    reason = line_field("Lý do sửa", 500, required=True)

    def __init__(self, data: Any, review: Review, day: date) -> None:
        super().__init__(data, initial={"number": review.number, "issued_on": review.issued_on})
        self.review, self.day = review, day
        if review.state != ReviewState.ISSUED:
            del self.fields["reason"]

    def clean_issued_on(self) -> date:
        day = self.cleaned_data["issued_on"]
        closed = localdate(self.review.frozen_at) if self.review.frozen_at else day
        if day < closed:
            raise forms.ValidationError(f"Không thể trước ngày chốt số liệu ({format_day(closed)}).")
        if day > self.day:
            raise forms.ValidationError("Ngày ban hành không thể sau hôm nay.")
        return day


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


LONGEST_REASON = 500


class SignedFileForm(forms.Form):
    """A PDF; `reason` is needed only if frozen figures are missing in it."""

    file = forms.FileField(
        label="Bản đã ký (PDF)",
        help_text="Bản ký số, hoặc bản quét từ bản giấy đã ký, đóng dấu.",
        error_messages={
            "required": "Hãy chọn tệp PDF.",
            "missing": "Hãy chọn tệp PDF.",
            "empty": "Tệp rỗng.",
            "invalid": "Hãy chọn tệp PDF.",
        },
        widget=forms.FileInput(attrs={"accept": ".pdf,application/pdf"}),
    )
    reason = forms.CharField(
        label="Lý do vẫn lưu",
        required=False,
        max_length=LONGEST_REASON,
        error_messages={"max_length": f"Dài quá {format_count(LONGEST_REASON)} ký tự."},
    )
