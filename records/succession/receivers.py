"""The receivers of the signals that units send about mergers and splits, and what a merger changes in
reporting, in sentences.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from django.utils.text import capfirst

from accounts.models import User
from figures.formatting import format_count, format_day
from figures.periods import Month
from records.aggregates import group_sums
from records.calendar.queries import DueDates, stored_calendar
from records.models import OPEN_STATES, Edition, FieldScope, Stage
from units.lifecycle.signals import ChangeConsequence, ReportedMonth, UnitOpening
from units.models import Succession, Tier, Unit, UnitKind

from . import inherit_scopes, inherit_settings
from .inherit_scopes import SCOPE_MODELS, scopes_naming
from .inherit_settings import inheritance_sentences

_MAX_NAMED = 8


def merger_consequences(
    opening: Sequence[UnitOpening], ending: Sequence[Unit], on: date, reporting: int, there: int, today: date
) -> Iterator[tuple[str, list[str]]]:
    """(title, sentences) when these units open on a day and take others over, and others end without a successor, and
    so many follow that report, some of which are there already, as seen today. Vietnamese.
    """
    going_over = list({old.pk: old for one in opening for old, _ in one.parts}.values())
    olds = [*going_over, *ending]
    days = stored_calendar()
    last, first = days.month_of(on - timedelta(1)), days.month_of(on)
    span = days.span(last)
    owing = [one for one in olds if one.kind != UnitKind.EXTERNAL and one.owes(span.start, span.end)]
    owed = {one.pk for one in owing}
    dues = DueDates(days)
    due = _due_words(dues, [one.tier for one in owing or olds], last, today)
    lines = [
        f"Đơn vị cũ nộp báo cáo cuối cùng của {last.label}: {format_count(len(owing))} báo cáo, hạn gửi {due}."
    ]
    if opening:
        news = [one for one in opening if any(old.pk in owed for old, _ in one.parts)] or opening
        due = _due_words(dues, [new.tier or new.parts[0][0].tier for new in news], first, today)
        before = len(owing) + there
        told = f"{format_count(reporting)} báo cáo thay cho {format_count(before)}"
        lines += [
            f"Đơn vị mới nộp từ {first.label}: {format_count(reporting)} báo cáo, hạn gửi {due}.",
            f"Từ {last.plus(1).label}, mỗi tháng "
            + (f"{told}." if reporting != before else f"vẫn {format_count(reporting)} báo cáo."),
        ]
    yield "Báo cáo phải nộp", lines
    editions = Edition.objects.filter(submission__unit__in=[unit.pk for unit in olds], state__in=OPEN_STATES)
    found = list(
        editions.select_related("submission__unit").order_by("submission__month", "submission__unit__folded")
    )
    lines = [_edition_words(edition, last) for edition in found[:_MAX_NAMED]]
    if len(found) > _MAX_NAMED:
        lines.append(f"và {format_count(len(found) - _MAX_NAMED)} báo cáo khác.")
    yield "Báo cáo đang nhập hoặc chờ duyệt ở đơn vị cũ", lines or ["Không có."]
    if lines := list(_of_catalogue(going_over, ending, on)):
        yield "Danh mục ghi riêng đơn vị cũ", lines
    if lines := list(inheritance_sentences(opening, ending, on)):
        yield "Đơn vị cũ đã tự đặt", lines


def _due_words(dues: DueDates, tiers: Iterable[str], month: Month, today: date) -> str:
    """The deadline of a month; of several tiers each, where they differ."""
    found: dict[date, list[str]] = defaultdict(list)
    for tier in dict.fromkeys(tiers):
        found[dues.of(tier, month)].append(Tier(tier).label.lower())
    told = [
        (f"{format_day(due_on)} (đã qua)" if due_on < today else format_day(due_on), ", ".join(names))
        for due_on, names in sorted(found.items())
    ]
    return told[0][0] if len(told) == 1 else "; ".join(f"{names}: {due_on}" for due_on, names in told)


def _of_catalogue(going_over: Sequence[Unit], ending: Sequence[Unit], on: date) -> Iterator[str]:
    """Which fields and procedures go on for successors, and which nobody reports any more."""
    first = format_day(on)
    for units, told in (
        (going_over, f"Đơn vị kế thừa báo cáo tiếp từ ngày {first}, các tháng trước giữ nguyên: "),
        (ending, f"Đơn vị chấm dứt hoạt động không có kế thừa, thôi báo cáo từ ngày {first}: "),
    ):
        numbers = [unit.pk for unit in units]
        for model in SCOPE_MODELS:
            kind, target = ("lĩnh vực", "field") if model is FieldScope else ("thủ tục", "procedure")
            rows = scopes_naming(model, numbers, on).select_related(target) if numbers else ()
            names = list(dict.fromkeys(str(getattr(row, target)) for row in rows))
            if names:
                more = (
                    f" và {format_count(len(names) - _MAX_NAMED)} {kind} khác"
                    if len(names) > _MAX_NAMED
                    else ""
                )
                yield f"{told}{kind} {'; '.join(names[:_MAX_NAMED])}{more}."


def _edition_words(edition: Edition, last: Month) -> str:
    month = Month.from_number(edition.submission.month)
    name = edition.submission.unit.name
    told = f"{capfirst(name)}, {month.label}: {edition.get_state_display().lower()}"
    if month > last:
        return f"{told}; đơn vị cũ sẽ không còn phải báo cáo tháng này."
    return f"{told}; vẫn nhập, gửi và duyệt tiếp được."


def reported_months(numbers: Sequence[int]) -> dict[int, list[ReportedMonth]]:
    """Months of these units whose figures count or wait for approval. Two queries."""
    rows = Edition.objects.in_force(Stage.SUBMITTED).filter(submission__unit__in=numbers).order_by()
    days = stored_calendar()
    found: dict[int, list[ReportedMonth]] = defaultdict(list)
    for unit, number in rows.values_list("submission__unit", "submission__month"):
        month = Month.from_number(number)
        span = days.span(month)
        found[unit].append(ReportedMonth(month.label, span.start, span.end))
    return dict(found)


def sum_new_groups(sender: object, units: Sequence[Unit], **kwargs: object) -> None:
    """A unit that becomes a group keeps sums from now on, in the same transaction."""
    group_sums.start_group_sums(units)


def preview_merger(
    opening: Sequence[UnitOpening],
    ending: Sequence[Unit],
    on: date,
    reporting: int,
    there: int,
    today: date,
) -> list[ChangeConsequence]:
    """Reports that are owed, deadlines, what is being entered, the catalogue, and what units had set for themselves."""
    told = merger_consequences(opening, ending, on, reporting, there, today)
    return [ChangeConsequence(title, lines) for title, lines in told]


def inherit_from_predecessors(
    sender: object, links: Sequence[Succession], by: User | None, **kwargs: object
) -> None:
    """Catalogue rows that name an old unit, and what it had set for itself, follow to its successors, in the same
    transaction.
    """
    inherit_scopes.extend_scopes(links, by=by)
    inherit_settings.inherit_settings(links, by=by)


def sum_handovers(sender: object, links: Sequence[Succession], **kwargs: object) -> None:
    """What is handed over inside a month counts once from now on, in the same transaction."""
    group_sums.refresh_after_handover(
        [unit for link in links for unit in (link.old, link.new)], {link.on for link in links}
    )


def sum_without_handovers(sender: object, units: Sequence[Unit], on: date, **kwargs: object) -> None:
    """Nothing is handed over between these any more; who stays goes on with what others still hand over."""
    group_sums.refresh_after_handover(units, [on])
    if others := list(Succession.objects.filter(new__in=units, on=on)):
        inherit_settings.inherit_settings(others, by=None)


def undo_inheritance(
    sender: object, links: Sequence[Succession], staying: set[int], by: User | None, **kwargs: object
) -> None:
    """The same rows are the old units' alone again. Errors: units.tree.rules.Refused."""
    inherit_scopes.take_back_scopes(links, staying=staying, by=by)
    inherit_settings.take_back_settings(links, by=by)
