"""What a change of the dated rules would move: days and due dates of months that have begun or have reports."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q

from figures.months import FIRST_YEAR, LAST_YEAR
from figures.periods import Calendar, Month, Span
from ledger.models import Entry
from records.models import Edition, Submission
from units.models import Tier, Unit, User

from .board import GOT
from .calendar import DueDates

SUBJECT = "rules"
SHOWN = 30
# Months before the running one that are looked at even where nothing was reported.
_BACK = 24
_FIRST, _LAST = Month(FIRST_YEAR, 1), Month(LAST_YEAR, 12)


@dataclass(frozen=True)
class MovedSpan:
    """A month whose days would change, and how many reports there are of it."""

    month: Month
    before: Span
    after: Span
    reports: int


@dataclass(frozen=True)
class MovedDue:
    """A month and tier whose due date would change; how many reports are opened and not sent, how many sent or more."""

    month: Month
    tier: str
    before: date
    after: date
    unsent: int
    got: int

    @property
    def tier_name(self) -> str:
        return Tier(self.tier).label


def moved_spans(before: Calendar, after: Calendar, day: date) -> list[MovedSpan]:
    """Months that begin by `day`, or have reports, and would have other days; the earliest first. One query."""
    rows = Submission.objects.order_by().values_list("month").annotate(Count("pk"))
    reports = {Month.from_number(number): many for number, many in rows}
    return [
        MovedSpan(month, before.span(month), after.span(month), reports.get(month, 0))
        for month in _months(before, day, reports)
        if (before.span(month).start, before.span(month).end)
        != (after.span(month).start, after.span(month).end)
    ]


def moved_dues(before: DueDates, after: DueDates, day: date) -> list[MovedDue]:
    """The same for due dates, by tiers that report. Two queries."""
    tiers = reporting_tiers()
    got = Exists(Edition.objects.filter(submission=OuterRef("pk"), state__in=GOT))
    rows = Submission.objects.order_by().values_list("month", "unit__tier")
    counted = rows.annotate(unsent=Count("pk", filter=~Q(got)), got=Count("pk", filter=Q(got)))
    reports = {(Month.from_number(number), tier): (unsent, sent) for number, tier, unsent, sent in counted}
    found = []
    for month in _months(before.days, day, [month for month, _ in reports]):
        for tier in tiers:
            old, new = before.of(tier, month), after.of(tier, month)
            if old != new:
                found.append(MovedDue(month, tier, old, new, *reports.get((month, tier), (0, 0))))
    return found


def unsent_of(moved: MovedDue) -> list[Submission]:
    """The reports whose kept due date would follow: opened, and neither sent nor approved."""
    got = Edition.objects.filter(submission=OuterRef("pk"), state__in=GOT)
    there = Submission.objects.filter(month=moved.month.number, unit__tier=moved.tier)
    return list(there.filter(~Exists(got)).select_for_update(of=("self",)))


def changes_of_rules() -> list[tuple[Entry, str]]:
    """The newest entries of the log about the rules, each with the name of who acted; `detail["words"]` tells each."""
    entries = list(Entry.objects.filter(subject=SUBJECT).order_by("-sequence")[:SHOWN])
    people = User.objects.in_bulk({one.actor_id for one in entries if one.actor_id is not None})
    return [(one, str(people.get(one.actor_id, one.actor))) for one in entries]


def _months(days: Calendar, day: date, reported: Iterable[Month]) -> list[Month]:
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
    """The tiers of units that report, from the top; all of them where nobody does. One query."""
    there = set(Unit.objects.reporting().order_by().values_list("tier", flat=True).distinct())
    return [tier for tier in Tier.values if not there or tier in there]
