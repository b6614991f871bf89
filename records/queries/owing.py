"""Units of a reviewer that have not sent: for which months, since when, and when each was last reminded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from figures.periods import Calendar, Month
from records.models import Edition
from units.models import Kind, Unit
from units.models import owing as owing_within

from .board import GOT, Standing
from .reminders import Owed


@dataclass(frozen=True)
class Owing:
    """A unit with the months that it has not sent, the oldest first; those that were returned are told elsewhere."""

    unit: Unit
    months: Sequence[Standing]
    reminded_on: date | None = None

    @property
    def latest(self) -> Standing:
        return self.months[-1]

    @property
    def earlier(self) -> Sequence[Standing]:
        return self.months[:-1]

    @property
    def late(self) -> bool:
        """Whether the due date of one of the months is over."""
        return any(one.late_days for one in self.months)


def silent(units: QuerySet[Unit], months: Iterable[Month], days: Calendar) -> QuerySet[Unit]:
    """Those of the units that owe one of the months and have neither sent nor approved it; no external bodies."""
    lacks = Q(pk__in=[])
    for month in months:
        span = days.span(month)
        got = Edition.objects.filter(
            submission__unit=OuterRef("pk"), submission__month=month.number, state__in=GOT
        )
        lacks |= owing_within(span.start, span.end) & ~Exists(got)
    return units.exclude(kind=Kind.EXTERNAL).filter(lacks)


def owing(
    units: Iterable[Unit], found: Mapping[int, Sequence[Standing]], reminded: Mapping[int, date]
) -> list[Owing]:
    """The units in their order, each with what it has not sent, from the standings of all."""
    told = []
    for unit in units:
        months = [one for one in found[unit.pk] if one.owed and one.mark != "back" and not one.reopened]
        if months:
            told.append(Owing(unit, months, reminded.get(unit.pk)))
    return told


def owed(standings: Iterable[Standing], days: Calendar, day: date) -> list[Owed]:
    """What can be urged of these standings: months that are not sent, and returned ones."""
    return [
        Owed(one.unit, one.month, one.due_on, days.span(one.month.next()).start, day, one.mark == "back")
        for one in standings
        if one.owed and not one.reopened
    ]
