"""Opening figures of a successor unit's first month: what its predecessors left open in their last."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from figures.measures import CLOSING, MEASURES
from figures.periods import Month, Span
from figures.tally import sum_reported
from records.calendar.queries import stored_calendar
from records.catalogue import RowKey
from records.models import DossierCount, Edition, Stage
from units.models import Succession, Unit

RowMeasures = Mapping[RowKey, Mapping[str, int | None]]


def predecessor_closings(first_months: Mapping[int, Month]) -> dict[int, RowMeasures]:
    """{unit id: rows} with the summed closings of its predecessors' last months, where the given month is the unit's
    first.

    Only for units whose predecessors were taken over whole and have all sent their last month; otherwise a part would
    pass for the whole. Four queries at most, one where no unit has a predecessor.
    """
    links = list(
        Succession.objects.filter(new__in=list(first_months), old__reports=True)
        .order_by()
        .values_list("new", "old", "old__active_until", "on", "share_numerator", "share_denominator")
    )
    if not links:
        return {}
    days = stored_calendar()
    firsts = {new: days.month_of(on) for new, _, _, on, *_ in links}
    divided = {new for new, *_, above, under in links if above != under}
    lasts: dict[int, dict[int, int]] = defaultdict(dict)
    for new, old, until, on, *_ in links:
        if new not in divided and firsts[new] == first_months[new]:
            lasts[new][old] = days.month_of(until or on - timedelta(1)).number
    left = _last_month_rows({old: month for olds in lasts.values() for old, month in olds.items()})
    return {
        new: _sum_closings([left[old] for old in olds])
        for new, olds in lasts.items()
        if all(old in left for old in olds)
    }


def opens_from_predecessors(unit: Unit, span: Span, past: Mapping) -> bool:
    """Whether the month is the first of a successor unit, so that `past` holds its predecessors' closings."""
    return span.start <= unit.active_from <= span.end and bool(past)


def _last_month_rows(lasts: Mapping[int, int]) -> dict[int, RowMeasures]:
    """{unit id: rows of its last month}, without units that have not sent it."""
    if not lasts:
        return {}
    editions = Edition.objects.in_force(Stage.SUBMITTED).filter(
        submission__unit__in=list(lasts), submission__month__in=set(lasts.values())
    )
    units = {
        pk: unit
        for pk, unit, month in editions.order_by().values_list("pk", "submission__unit", "submission__month")
        if lasts[unit] == month
    }
    rows_by_unit: dict[int, dict[RowKey, Mapping[str, Any]]] = {unit: {} for unit in units.values()}
    rows = DossierCount.objects.filter(edition__in=list(units), answered=True)
    for row in rows.values("field_id", "procedure_id", "edition_id", *CLOSING):
        rows_by_unit[units[row["edition_id"]]][row["field_id"], row["procedure_id"]] = row
    return rows_by_unit


def _sum_closings(olds: list[RowMeasures]) -> RowMeasures:
    """Sum each closing measure over the units that have the row; None where one of them left it blank."""
    closings: dict[RowKey, dict[str, int | None]] = {}
    for key in {key: None for rows in olds for key in rows}:
        sums = dict.fromkeys(MEASURES)
        for name in CLOSING:
            parts = [rows[key][name] for rows in olds if key in rows]
            sums[name] = None if None in parts else sum_reported(parts)
        closings[key] = sums
    return closings
