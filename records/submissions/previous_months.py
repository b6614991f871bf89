"""The twelve months before a submission, and warnings by comparison with them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.database import PreparedQuery
from figures import count_rules, rule_catalogue
from figures.formatting import format_count
from figures.measures import LABELS, MEASURES, SUMS
from figures.outliers import MONTHS, WATCHED, find_outlier
from figures.periods import Month
from figures.tally import sum_reported
from records.catalogue import RowKey
from records.models import DossierCount, Edition, Stage, Submission

from .predecessor_openings import predecessor_closings

# Row → month (YYYYMM) → the measures of that month.
HistoryWindow = Mapping[RowKey, Mapping[int, Mapping[str, int | None]]]

_SHORT_WORDS = {"all_zero": "mọi ô đều là 0", "same_as_last": "mọi ô đều giống kỳ trước"}


@dataclass(frozen=True)
class Oddity:
    """A warning about a row or report: in full for the clerk, short for a reviewer's list."""

    fault: rule_catalogue.RuleViolation
    short: str


def history_windows(submissions: Iterable[Submission]) -> dict[int, HistoryWindow]:
    """{submission id: the twelve months before it, sent or approved}. Two queries."""
    return _windows(
        {
            submission.pk: (submission.unit_id, Month.from_number(submission.month))
            for submission in submissions
        }
    )


def unit_history_windows(units: Iterable[int], month: Month) -> dict[int, HistoryWindow]:
    """{unit id: the twelve months before a month}, whether that month was opened or not."""
    return _windows({unit: (unit, month) for unit in units})


def _windows(months: Mapping[int, tuple[int, Month]]) -> dict[int, HistoryWindow]:
    by_unit = _counts_by_unit(months.values()) if months else {}
    windows: dict[int, HistoryWindow] = {}
    for pk, (unit, month) in months.items():
        first = month.plus(-MONTHS).number
        rows: dict[RowKey, dict[int, Mapping[str, int | None]]] = defaultdict(dict)
        for key, at, values in by_unit.get(unit, ()):
            if first <= at < month.number:
                rows[key][at] = values
        windows[pk] = rows
    _add_predecessor_closings(windows, months)
    return windows


def _add_predecessor_closings(
    windows: Mapping[int, HistoryWindow], months: Mapping[int, tuple[int, Month]]
) -> None:
    """Fill in the windows of units that have no months of their own yet."""
    firsts: dict[int, Month] = {}
    for pk, (unit, month) in months.items():
        if not windows[pk]:
            firsts[unit] = min(month, firsts.get(unit, month))
    closings = predecessor_closings(firsts) if firsts else {}
    for pk, (unit, month) in months.items():
        for key, values in closings.get(unit, {}).items() if firsts.get(unit) == month else ():
            windows[pk][key][month.previous().number] = values


def history_window(submission: Submission) -> HistoryWindow:
    return history_windows([submission])[submission.pk]


_editions = PreparedQuery(
    lambda units, first, last: (
        Edition.objects.in_force(Stage.SUBMITTED)
        .filter(submission__unit__in=units, submission__month__gte=first, submission__month__lt=last)
        .order_by()
        .values_list("pk", "submission__unit", "submission__month")
    ),
    list,
    int,
    int,
)
_counts = PreparedQuery(
    lambda editions: DossierCount.objects.filter(edition__in=editions).values_list(
        "edition_id", "field_id", "procedure_id", *MEASURES
    ),
    list,
)


def _counts_by_unit(
    unit_months: Iterable[tuple[int, Month]],
) -> dict[int, list[tuple[RowKey, int, dict[str, Any]]]]:
    units, months = zip(*unit_months, strict=True)
    first, last = min(months).plus(-MONTHS).number, max(months).number
    # Two queries: joined in one, the database reads far more rows.
    places = {pk: (unit, month) for pk, unit, month in _editions(sorted(set(units)), first, last)}
    counts: dict[int, list[tuple[RowKey, int, dict[str, Any]]]] = defaultdict(list)
    for edition, field, procedure, *values in _counts(list(places)) if places else ():
        unit, month = places[edition]
        counts[unit].append(((field, procedure), month, dict(zip(MEASURES, values, strict=True))))
    return counts


def row_oddities(row: DossierCount, past: HistoryWindow, month: Month) -> Iterable[Oddity]:
    """The warnings about one row compared with its past: a broken continuity, then outliers."""
    months = past.get((row.field_id, row.procedure_id), {})
    before = months.get(month.previous().number)
    left = count_rules.closing_count(before) if before else None
    fault = count_rules.check_continuity(row.opening, left)
    if fault:
        yield Oddity(
            fault, f"kỳ trước chuyển sang {format_count(row.opening)}, cuối kỳ trước còn {format_count(left)}"
        )
    for whole in WATCHED:
        odd = find_outlier(
            sum_reported(getattr(row, part) for part in SUMS[whole]),
            [sum_reported(months[month][part] for part in SUMS[whole]) for month in sorted(months)],
        )
        if odd:
            short = f"{LABELS[whole].lower()} {format_count(odd.value)}, thường gặp {odd.level}"
            yield Oddity(odd.fault(whole), short)


def report_oddity(
    rows: Mapping[RowKey, Mapping[str, int | None]], past: HistoryWindow, month: Month
) -> Oddity | None:
    """The warning about a whole report: all zeros, or the same as the month before."""
    last = month.previous().number
    fault = count_rules.check_odd_report(
        rows, {key: months[last] for key, months in past.items() if last in months}
    )
    return Oddity(fault, _SHORT_WORDS[fault.code]) if fault else None
