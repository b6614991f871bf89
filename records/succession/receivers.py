"""Receivers of the signals of units about mergers and splits; the preview of what a merger changes in reporting."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from django.utils.text import capfirst

from accounts.models import User
from figures.formatting import format_count, format_day
from figures.periods import Month
from records.calendar.queries import DueDates, stored_calendar
from records.models import OPEN_STATES, Edition, FieldScope, Stage
from records.stored_sums import group_sums
from units.lifecycle.signals import ChangeConsequence, ReportedMonth, UnitOpening
from units.models import Succession, Tier, Unit, UnitKind

from . import inherited_scopes, inherited_settings
from .inherited_scopes import SCOPE_MODELS, scopes_naming
from .inherited_settings import inheritance_sentences

_MAX_NAMED = 8


def merger_consequences(
    opening: Sequence[UnitOpening], ending: Sequence[Unit], on: date, reporting: int, there: int, today: date
) -> Iterator[tuple[str, list[str]]]:
    """(title, sentences in Vietnamese) for units that open on a day, and units that end without a successor.

    `reporting`: number of successors that report; `there`: how many of them exist already.
    """
    going_over = list({old.pk: old for opened in opening for old, _ in opened.parts}.values())
    olds = [*going_over, *ending]
    days = stored_calendar()
    last, first = days.month_of(on - timedelta(1)), days.month_of(on)
    span = days.span(last)
    expected = [
        unit
        for unit in olds
        if unit.kind != UnitKind.EXTERNAL and unit.expected_to_report(span.start, span.end)
    ]
    expected_ids = {unit.pk for unit in expected}
    dues = DueDates(days)
    due = _due_words(dues, [unit.tier for unit in expected or olds], last, today)
    lines = [
        f"Đơn vị cũ nộp báo cáo cuối cùng của {last.label}: {format_count(len(expected))} báo cáo, hạn gửi {due}."
    ]
    if opening:
        news = [
            opened for opened in opening if any(old.pk in expected_ids for old, _ in opened.parts)
        ] or opening
        due = _due_words(dues, [new.tier or new.parts[0][0].tier for new in news], first, today)
        before = len(expected) + there
        comparison = f"{format_count(reporting)} báo cáo thay cho {format_count(before)}"
        lines += [
            f"Đơn vị mới nộp từ {first.label}: {format_count(reporting)} báo cáo, hạn gửi {due}.",
            f"Từ {last.plus(1).label}, mỗi tháng "
            + (f"{comparison}." if reporting != before else f"vẫn {format_count(reporting)} báo cáo."),
        ]
    yield "Báo cáo phải nộp", lines
    editions = Edition.objects.filter(submission__unit__in=[unit.pk for unit in olds], state__in=OPEN_STATES)
    listed = list(
        editions.select_related("submission__unit").order_by("submission__month", "submission__unit__folded")
    )
    lines = [_edition_words(edition, last) for edition in listed[:_MAX_NAMED]]
    if len(listed) > _MAX_NAMED:
        lines.append(f"và {format_count(len(listed) - _MAX_NAMED)} báo cáo khác.")
    yield "Báo cáo đang nhập hoặc chờ duyệt ở đơn vị cũ", lines or ["Không có."]
    if lines := list(_catalogue_sentences(going_over, ending, on)):
        yield "Danh mục ghi riêng đơn vị cũ", lines
    if lines := list(inheritance_sentences(opening, ending, on)):
        yield "Đơn vị cũ đã tự đặt", lines


def _due_words(dues: DueDates, tiers: Iterable[str], month: Month, today: date) -> str:
    """The deadline of a month; one for each tier where they differ."""
    by_deadline: dict[date, list[str]] = defaultdict(list)
    for tier in dict.fromkeys(tiers):
        by_deadline[dues.of(tier, month)].append(Tier(tier).label.lower())
    deadlines = [
        (f"{format_day(due_on)} (đã qua)" if due_on < today else format_day(due_on), ", ".join(names))
        for due_on, names in sorted(by_deadline.items())
    ]
    return (
        deadlines[0][0]
        if len(deadlines) == 1
        else "; ".join(f"{names}: {due_on}" for due_on, names in deadlines)
    )


def _catalogue_sentences(going_over: Sequence[Unit], ending: Sequence[Unit], on: date) -> Iterator[str]:
    """Fields and procedures that successors go on reporting, and those that nobody reports any more."""
    first = format_day(on)
    for units, intro in (
        (going_over, f"Đơn vị kế thừa báo cáo tiếp từ ngày {first}, các tháng trước giữ nguyên: "),
        (ending, f"Đơn vị chấm dứt hoạt động không có kế thừa, thôi báo cáo từ ngày {first}: "),
    ):
        ids = [unit.pk for unit in units]
        for model in SCOPE_MODELS:
            kind, target = ("lĩnh vực", "field") if model is FieldScope else ("thủ tục", "procedure")
            rows = scopes_naming(model, ids, on).select_related(target) if ids else ()
            names = list(dict.fromkeys(str(getattr(row, target)) for row in rows))
            if names:
                more = (
                    f" và {format_count(len(names) - _MAX_NAMED)} {kind} khác"
                    if len(names) > _MAX_NAMED
                    else ""
                )
                yield f"{intro}{kind} {'; '.join(names[:_MAX_NAMED])}{more}."


def _edition_words(edition: Edition, last: Month) -> str:
    month = Month.from_number(edition.submission.month)
    name = edition.submission.unit.name
    text = f"{capfirst(name)}, {month.label}: {edition.get_state_display().lower()}"
    if month > last:
        return f"{text}; đơn vị cũ sẽ không còn phải báo cáo tháng này."
    return f"{text}; vẫn nhập, gửi và duyệt tiếp được."


def reported_months(numbers: Sequence[int]) -> dict[int, list[ReportedMonth]]:
    """Months of these units (ids) that were sent or approved. Two queries."""
    rows = Edition.objects.in_force(Stage.SUBMITTED).filter(submission__unit__in=numbers).order_by()
    days = stored_calendar()
    reported: dict[int, list[ReportedMonth]] = defaultdict(list)
    for unit, number in rows.values_list("submission__unit", "submission__month"):
        month = Month.from_number(number)
        span = days.span(month)
        reported[unit].append(ReportedMonth(month.label, span.start, span.end))
    return dict(reported)


def sum_new_groups(sender: object, units: Sequence[Unit], **kwargs: object) -> None:
    """Start stored sums for units that become groups, in the same transaction."""
    group_sums.start_group_sums(units)


def preview_merger(
    opening: Sequence[UnitOpening],
    ending: Sequence[Unit],
    on: date,
    reporting: int,
    there: int,
    today: date,
) -> list[ChangeConsequence]:
    """Consequences for expected reports, deadlines, open editions, the catalogue and settings."""
    consequences = merger_consequences(opening, ending, on, reporting, there, today)
    return [ChangeConsequence(title, lines) for title, lines in consequences]


def inherit_from_predecessors(
    sender: object, links: Sequence[Succession], by: User | None, **kwargs: object
) -> None:
    """Extend catalogue rows and settings of the old units to their successors, in the same transaction."""
    inherited_scopes.extend_scopes(links, by=by)
    inherited_settings.inherit_settings(links, by=by)


def sum_handovers(sender: object, links: Sequence[Succession], **kwargs: object) -> None:
    """Recompute sums where a handover falls inside a month, in the same transaction."""
    group_sums.refresh_after_handover(
        [unit for link in links for unit in (link.old, link.new)], {link.on for link in links}
    )


def sum_without_handovers(sender: object, units: Sequence[Unit], on: date, **kwargs: object) -> None:
    """Recompute sums without the removed handovers; units that stay inherit what their other predecessors leave."""
    group_sums.refresh_after_handover(units, [on])
    if others := list(Succession.objects.filter(new__in=units, on=on)):
        inherited_settings.inherit_settings(others, by=None)


def undo_inheritance(
    sender: object, links: Sequence[Succession], staying: set[int], by: User | None, **kwargs: object
) -> None:
    """Take back what inherit_from_predecessors did. Errors: units.tree.rules.TreeRefused."""
    inherited_scopes.take_back_scopes(links, staying=staying, by=by)
    inherited_settings.take_back_settings(links, by=by)
