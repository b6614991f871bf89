"""Which days a reporting month has and when its report is due, from dated data."""

from collections.abc import Iterable
from datetime import date, timedelta

from figures.periods import DEFAULT_CALENDAR, Calendar, Month
from records.models import CutoffRule, DueRule, Holiday
from units.compiled import Compiled
from units.models import Unit

DEFAULT_WORKING_DAYS = 2
_SATURDAY = 5
_rules = Compiled(lambda: CutoffRule.objects.values_list("first_month", "day"))


def calendar() -> Calendar:
    """The cut-off rules of the database; the default (the 15th to the 14th) where it has none. One query."""
    rules = _rules()
    if not rules:
        return DEFAULT_CALENDAR
    return Calendar.of((Month.from_number(first), day) for first, day in rules)


class DueDates:
    """Due dates of many units and months in two queries: so many working days after a month's last day."""

    def __init__(
        self,
        days: Calendar,
        holidays: Iterable[date] | None = None,
        rules: Iterable[tuple[int, str, int]] | None = None,
    ) -> None:
        """Holidays and rules (first month, tier, working days) are those stored, unless given."""
        if holidays is None:
            holidays = Holiday.objects.values_list("day", flat=True)
        if rules is None:
            rules = DueRule.objects.values_list("first_month", "tier", "working_days")
        self.days = days
        self.holidays = frozenset(holidays)
        self.rules = sorted(rules)
        self._known: dict[tuple[str, Month], date] = {}

    def of(self, tier: str, month: Month) -> date:
        """The last day on which the report of a month is in time, for a unit of that tier."""
        key = (tier, month)
        if key not in self._known:
            end = self.days.span(month).end
            self._known[key] = after_working_days(end, self._working_days(tier, month), self.holidays)
        return self._known[key]

    def _working_days(self, tier: str, month: Month) -> int:
        """The latest rule of the tier; else the latest for all tiers; else the default."""
        in_force = [rule for rule in self.rules if rule[0] <= month.number]
        for wanted in (tier, ""):
            named = [days for _, of_tier, days in in_force if of_tier == wanted]
            if named:
                return named[-1]
        return DEFAULT_WORKING_DAYS


def after_working_days(day: date, count: int, holidays: Iterable[date] = ()) -> date:
    """The day so many working days after `day`: Saturdays, Sundays and holidays do not count."""
    free = frozenset(holidays)
    while count > 0:
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY and day not in free:
            count -= 1
    return day


def due_date(unit: Unit, month: Month, days: Calendar | None = None) -> date:
    """When the report of one unit and month is due. At most three queries; for many take `DueDates`."""
    return DueDates(days or calendar()).of(unit.tier, month)
