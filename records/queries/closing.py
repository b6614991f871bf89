"""Which closing time binds a unit's month: that of the nearest committee above it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from records.models import ClosingTime
from units.models import Unit

# Number of the committee → when it closes the month.
Times = Mapping[int, datetime]


def times_of(months: Iterable[int]) -> dict[int, dict[int, datetime]]:
    """The closing times of some months (YYYYMM), by month. One query."""
    found: dict[int, dict[int, datetime]] = {month: {} for month in months}
    rows = ClosingTime.objects.filter(month__in=list(found)).values_list("month", "unit_id", "closes_at")
    for month, unit, closes_at in rows:
        found[month][unit] = closes_at
    return found


def binding(times: Times, unit: Unit) -> datetime | None:
    """The one of a month's closing times that holds for a unit; a committee closes what is below it, not itself."""
    return next((times[number] for number in reversed(unit.ancestor_ids()) if number in times), None)
