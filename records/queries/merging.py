"""What a merger changes in reporting: who owes which month, until when, and what is being entered."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from figures.periods import Month
from figures.writing import count, day
from records.models import OPEN_STATES, Edition
from units.models import Kind, Unit

from .calendar import calendar, due_date

_NAMED = 8


def consequences(olds: Sequence[Unit], on: date, reporting: int) -> Iterator[tuple[str, list[str]]]:
    """(title, sentences) when these units close before `on` and so many open then that report. Vietnamese."""
    days = calendar()
    last, first = days.month_of(on - timedelta(1)), days.month_of(on)
    span = days.span(last)
    owing = [one for one in olds if one.kind != Kind.EXTERNAL and one.owes(span.start, span.end)]
    one = next(iter(owing), olds[0])
    yield (
        "Báo cáo phải nộp",
        [
            f"Đơn vị cũ nộp báo cáo cuối cùng của {last.label}: {count(len(owing))} báo cáo, hạn gửi "
            f"{day(due_date(one, last, days))}.",
            f"Đơn vị mới nộp từ {first.label}: {count(reporting)} báo cáo, hạn gửi {day(due_date(one, first, days))}.",
            f"Từ {last.plus(1).label}, mỗi tháng {count(reporting)} báo cáo thay cho {count(len(owing))}.",
        ],
    )
    editions = Edition.objects.filter(submission__unit__in=[unit.pk for unit in olds], state__in=OPEN_STATES)
    found = list(
        editions.select_related("submission__unit").order_by("submission__month", "submission__unit__folded")
    )
    lines = [_told(edition, last) for edition in found[:_NAMED]]
    if len(found) > _NAMED:
        lines.append(f"và {count(len(found) - _NAMED)} báo cáo khác.")
    yield "Báo cáo đang nhập hoặc chờ duyệt ở đơn vị cũ", lines or ["Không có."]


def _told(edition: Edition, last: Month) -> str:
    month = Month.from_number(edition.submission.month)
    told = f"{edition.submission.unit.name}, {month.label}: {edition.get_state_display().lower()}"
    if month > last:
        return f"{told}; đơn vị cũ sẽ không còn phải báo cáo tháng này."
    return f"{told}; vẫn nhập, gửi và duyệt tiếp được."
