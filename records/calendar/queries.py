"""The days of a reporting month, the due date of its report, and what a change of the rules would move."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, OuterRef, Q

from accounts.models import User
from core.database import PreparedQuery
from figures.periods import DEFAULT_CALENDAR, FIRST_YEAR, LAST_YEAR, Calendar, Month, Span
from ledger.models import Entry
from records.models import CutoffRule, DueRule, Edition, Holiday, Submission
from units.models import Tier, Unit

DEFAULT_WORKING_DAYS = 2
_SATURDAY = 5
_rules = PreparedQuery(lambda: CutoffRule.objects.values_list("first_month", "day"))


def stored_calendar() -> Calendar:
    """The cut-off rules of the database; without any the default (the 15th to the 14th). One query."""
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
        """Holidays and rules (first month, tier, working days) default to the stored ones."""
        if holidays is None:
            holidays = Holiday.objects.values_list("day", flat=True)
        if rules is None:
            rules = DueRule.objects.values_list("first_month", "tier", "working_days")
        self.days = days
        self.holidays = frozenset(holidays)
        self.rules = sorted(rules)
        self._cache: dict[tuple[str, Month], date] = {}

    def of(self, tier: str, month: Month) -> date:
        """The last day on which the report of a month is in time, for a unit of that tier."""
        key = (tier, month)
        if key not in self._cache:
            end = self.days.span(month).end
            self._cache[key] = after_working_days(end, self._working_days(tier, month), self.holidays)
        return self._cache[key]

    def _working_days(self, tier: str, month: Month) -> int:
        """The latest rule of the tier; else the latest for all tiers; else the default."""
        in_force = [rule for rule in self.rules if rule[0] <= month.number]
        for rule_tier in (tier, ""):
            named = [days for _, of_tier, days in in_force if of_tier == rule_tier]
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
    """The due date of one unit's month. At most three queries; for many use `DueDates`."""
    return DueDates(days or stored_calendar()).of(unit.tier, month)


RULES_SUBJECT = "rules"
SHOWN_RULE_CHANGES = 30
# Months before the current one that are compared even if nothing was reported.
_BACK = 24
_FIRST, _LAST = Month(FIRST_YEAR, 1), Month(LAST_YEAR, 12)


@dataclass(frozen=True)
class MovedMonth:
    """A month whose days would change, and its number of reports."""

    month: Month
    before: Span
    after: Span
    reports: int


@dataclass(frozen=True)
class MovedDueDate:
    """A month and tier whose due date would change. `unsent`: reports opened, not sent; `got`: sent or approved."""

    month: Month
    tier: str
    before: date
    after: date
    unsent: int
    got: int

    @property
    def tier_name(self) -> str:
        return Tier(self.tier).label


def moved_months(before: Calendar, after: Calendar, day: date) -> list[MovedMonth]:
    """Months that begin by `day`, or have reports, and would have other days; the earliest first. One query."""
    rows = Submission.objects.order_by().values_list("month").annotate(Count("pk"))
    reports = {Month.from_number(number): many for number, many in rows}
    return [
        MovedMonth(month, before.span(month), after.span(month), reports.get(month, 0))
        for month in _months_to_compare(before, day, reports)
        if (before.span(month).start, before.span(month).end)
        != (after.span(month).start, after.span(month).end)
    ]


def moved_due_dates(before: DueDates, after: DueDates, day: date) -> list[MovedDueDate]:
    """The due dates that would change, by reporting tier. Two queries."""
    tiers = reporting_tiers()
    got = Exists(Edition.objects.sent_or_approved().filter(submission=OuterRef("pk")))
    rows = Submission.objects.order_by().values_list("month", "unit__tier")
    counted = rows.annotate(unsent=Count("pk", filter=~Q(got)), got=Count("pk", filter=Q(got)))
    reports = {(Month.from_number(number), tier): (unsent, sent) for number, tier, unsent, sent in counted}
    moved = []
    for month in _months_to_compare(before.days, day, [month for month, _ in reports]):
        for tier in tiers:
            old, new = before.of(tier, month), after.of(tier, month)
            if old != new:
                moved.append(MovedDueDate(month, tier, old, new, *reports.get((month, tier), (0, 0))))
    return moved


def unsent_submissions(moved: MovedDueDate) -> list[Submission]:
    """The reports whose stored due date would move: opened, neither sent nor approved. Locked for update."""
    got = Edition.objects.sent_or_approved().filter(submission=OuterRef("pk"))
    there = Submission.objects.filter(month=moved.month.number, unit__tier=moved.tier)
    return list(there.filter(~Exists(got)).select_for_update(of=("self",)))


def rule_changes() -> list[tuple[Entry, str]]:
    """The newest log entries about the rules with the actor's name; `detail["words"]` is the sentence."""
    entries = list(Entry.objects.filter(subject=RULES_SUBJECT).order_by("-sequence")[:SHOWN_RULE_CHANGES])
    people = User.objects.in_bulk({entry.actor_id for entry in entries if entry.actor_id is not None})
    return [(entry, str(people.get(entry.actor_id, entry.actor))) for entry in entries]


def _months_to_compare(days: Calendar, day: date, reported: Iterable[Month]) -> list[Month]:
    reported = set(reported)
    running = days.month_of(day)
    first = min([*reported, running.plus(-_BACK)])
    last = max([*reported, running])
    return [
        month
        for month in Month.range(max(first, _FIRST), min(last, _LAST))
        if month <= running or month in reported
    ]


def reporting_tiers() -> list[str]:
    """The tiers of reporting units, from the top; all tiers if there are none. One query."""
    there = set(Unit.objects.reporting().order_by().values_list("tier", flat=True).distinct())
    return [tier for tier in Tier.values if not there or tier in there]
