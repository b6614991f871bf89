"""What the rows of submissions counted in the twelve months before, and what is odd beside it: the one place where
a month is held against its own past, for one submission and for many. The first month of a unit has as its month before
what its predecessors left open (see taken_over).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from figures import rules
from figures.counts import added
from figures.measures import LABELS, MEASURES, SUMS
from figures.outliers import MONTHS, WATCHED, outlier
from figures.periods import Month
from figures.writing import count
from records.models import DossierCount, Edition, Stage, Submission
from units.compiled import Compiled

from .taken_over import RowKey, closings

# Row → month number → the measures of that month.
Past = Mapping[RowKey, Mapping[int, Mapping[str, int | None]]]

_SHORT = {"all_zero": "mọi ô đều là 0", "same_as_last": "mọi ô đều giống kỳ trước"}


@dataclass(frozen=True)
class Odd:
    """A warning about one row or report, in full for who enters it, and short for who reads many of them."""

    fault: rules.Fault
    short: str


def pasts_of(submissions: Iterable[Submission]) -> dict[int, Past]:
    """By number of the submission: the twelve months before it, from what was sent or approved. Two queries."""
    return _pasts({one.pk: (one.unit_id, Month.from_number(one.month)) for one in submissions})


def pasts_of_units(units: Iterable[int], month: Month) -> dict[int, Past]:
    """By number of the unit: the same before a month, whether it was opened or not."""
    return _pasts({unit: (unit, month) for unit in units})


def _pasts(wanted: Mapping[int, tuple[int, Month]]) -> dict[int, Past]:
    by_unit = _by_unit(wanted.values()) if wanted else {}
    found: dict[int, Past] = {}
    for number, (unit, month) in wanted.items():
        first = month.plus(-MONTHS).number
        rows: dict[RowKey, dict[int, Mapping[str, int | None]]] = defaultdict(dict)
        for key, at, values in by_unit.get(unit, ()):
            if first <= at < month.number:
                rows[key][at] = values
        found[number] = rows
    _take_over(found, wanted)
    return found


def _take_over(found: Mapping[int, Past], wanted: Mapping[int, tuple[int, Month]]) -> None:
    """The first months of units without a past of their own."""
    firsts: dict[int, Month] = {}
    for number, (unit, month) in wanted.items():
        if not found[number]:
            firsts[unit] = min(month, firsts.get(unit, month))
    taken = closings(firsts) if firsts else {}
    for number, (unit, month) in wanted.items():
        for key, values in taken.get(unit, {}).items() if firsts.get(unit) == month else ():
            found[number][key][month.previous().number] = values


def past_of(submission: Submission) -> Past:
    """The same for one submission."""
    return pasts_of([submission])[submission.pk]


_editions = Compiled(
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
_counts = Compiled(
    lambda editions: DossierCount.objects.filter(edition__in=editions).values_list(
        "edition_id", "field_id", "procedure_id", *MEASURES
    ),
    list,
)


def _by_unit(wanted: Iterable[tuple[int, Month]]) -> dict[int, list[tuple[RowKey, int, dict[str, Any]]]]:
    units, months = zip(*wanted, strict=True)
    first, last = min(months).plus(-MONTHS).number, max(months).number
    # Editions first and counts by their numbers: together the database reads far more than these.
    places = {pk: (unit, month) for pk, unit, month in _editions(sorted(set(units)), first, last)}
    found: dict[int, list[tuple[RowKey, int, dict[str, Any]]]] = defaultdict(list)
    for edition, field, procedure, *values in _counts(list(places)) if places else ():
        unit, month = places[edition]
        found[unit].append(((field, procedure), month, dict(zip(MEASURES, values, strict=True))))
    return found


def oddities(row: DossierCount, past: Past, month: Month) -> Iterable[Odd]:
    """Everything odd in one row of a month beside its past: a broken continuity, then jumps."""
    months = past.get((row.field_id, row.procedure_id), {})
    before = months.get(month.previous().number)
    left = rules.closing(before) if before else None
    fault = rules.continuity(row.opening, left)
    if fault:
        yield Odd(fault, f"kỳ trước chuyển sang {count(row.opening)}, cuối kỳ trước còn {count(left)}")
    for whole in WATCHED:
        odd = outlier(
            added(getattr(row, part) for part in SUMS[whole]),
            [added(months[one][part] for part in SUMS[whole]) for one in sorted(months)],
        )
        if odd:
            short = f"{LABELS[whole].lower()} {count(odd.value)}, thường gặp {odd.level}"
            yield Odd(odd.fault(whole), short)


def odd_report(rows: Mapping[RowKey, Mapping[str, int | None]], past: Past, month: Month) -> Odd | None:
    """What is odd in a month as a whole: nothing but zeros, or the month before again."""
    last = month.previous().number
    fault = rules.odd_report(rows, {key: months[last] for key, months in past.items() if last in months})
    return Odd(fault, _SHORT[fault.code]) if fault else None
