"""What a new unit took over from its predecessors: a successor opens with the closing of their last months."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from figures.counts import added
from figures.measures import MEASURES
from figures.periods import Month, Span
from figures.rules import CLOSING
from records.models import DossierCount, Edition, Stage
from units.models import Succession, Unit

from .calendar import calendar

# A row within an edition: field number, and procedure number where the field is reported by procedure.
RowKey = tuple[int, int | None]
Rows = Mapping[RowKey, Mapping[str, int | None]]


def closings(asked: Mapping[int, Month]) -> dict[int, Rows]:
    """By number of the unit, where the month asked for is its first: what stood open at the end of the last month of
    those that it took over, row by row, and no other measure.

    Only of units that took over nothing but whole units, all of which have sent their last month: a part of it would
    be taken for the whole. Four queries at most, one where no unit has a predecessor.
    """
    links = list(
        Succession.objects.filter(new__in=list(asked), old__reports=True)
        .order_by()
        .values_list("new", "old", "old__active_until", "on", "share_numerator", "share_denominator")
    )
    if not links:
        return {}
    days = calendar()
    firsts = {new: days.month_of(on) for new, _, _, on, *_ in links}
    divided = {new for new, *_, above, under in links if above != under}
    lasts: dict[int, dict[int, int]] = defaultdict(dict)
    for new, old, until, on, *_ in links:
        if new not in divided and firsts[new] == asked[new]:
            lasts[new][old] = days.month_of(until or on - timedelta(1)).number
    left = _left({old: month for olds in lasts.values() for old, month in olds.items()})
    return {
        new: _together([left[old] for old in olds])
        for new, olds in lasts.items()
        if all(old in left for old in olds)
    }


def took_over(unit: Unit, span: Span, past: Mapping) -> bool:
    """Whether the month is the first one of a unit that took others over; its past (see past) is what these left."""
    return span.start <= unit.active_from <= span.end and bool(past)


def _left(lasts: Mapping[int, int]) -> dict[int, Rows]:
    """By number of the unit the rows of its last month; nothing for those that have not sent it."""
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
    found: dict[int, dict[RowKey, Mapping[str, Any]]] = {unit: {} for unit in units.values()}
    rows = DossierCount.objects.filter(edition__in=list(units), answered=True)
    for row in rows.values("field_id", "procedure_id", "edition_id", *CLOSING):
        found[units[row["edition_id"]]][row["field_id"], row["procedure_id"]] = row
    return found


def _together(olds: list[Rows]) -> Rows:
    """Each measure of the closing added up over those that have the row; None where one of them left it blank."""
    found: dict[RowKey, dict[str, int | None]] = {}
    for key in {key: None for rows in olds for key in rows}:
        sums = dict.fromkeys(MEASURES)
        for name in CLOSING:
            parts = [rows[key][name] for rows in olds if key in rows]
            sums[name] = None if None in parts else added(parts)
        found[key] = sums
    return found
