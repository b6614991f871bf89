"""Units and periods as people write them, for commands and addresses."""

from datetime import date

from figures.periods import Calendar, Period
from units.models import Unit
from units.queries import resolve

from .calendar import calendar


class UnknownUnit(ValueError):
    """Nobody holds the code (on that day); the message is Vietnamese."""


def ask(code: str, period: str, today: date | None = None) -> tuple[Unit, Period, Calendar]:
    """The unit that holds the code at the end of the period (CODE@day: on that day), the period, the calendar. By
    today's units a period that has ended is asked of who holds the code today.

    Errors: PeriodError, UnknownUnit.
    """
    when, days = Period.parse(period), calendar()
    try:
        unit = resolve(code, holding_day(days.bounds(when)[1], today))
    except ValueError as error:
        raise UnknownUnit(str(error)) from error
    if unit is None:
        raise UnknownUnit(f"Không có đơn vị nào mang mã “{code[:40]}”.")
    return unit, when, days


def holding_day(end: date, today: date | None) -> date:
    """The day on which a bare code is looked up, for a period with this last day; `today`: by the units of that day."""
    return end if today is None else max(end, today)


def roots(period: str) -> tuple[list[Unit], Period, Calendar]:
    """All units without a parent, for questions about everybody."""
    when, days = Period.parse(period), calendar()
    return list(Unit.objects.filter(parent=None).order_by("folded")), when, days
