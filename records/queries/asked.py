"""Units and periods as people write them, for commands and addresses."""

from figures.periods import Calendar, Period
from units.models import Unit
from units.queries import resolve

from .calendar import calendar


class UnknownUnit(ValueError):
    """Nobody holds the code (on that day); the message is Vietnamese."""


def ask(code: str, period: str) -> tuple[Unit, Period, Calendar]:
    """The unit that holds the code at the end of the period (CODE@day: on that day), the period, the calendar.

    Errors: PeriodError, UnknownUnit.
    """
    when, days = Period.parse(period), calendar()
    try:
        unit = resolve(code, days.bounds(when)[1])
    except ValueError as error:
        raise UnknownUnit(str(error)) from error
    if unit is None:
        raise UnknownUnit(f"Không có đơn vị nào mang mã “{code[:40]}”.")
    return unit, when, days


def roots(period: str) -> tuple[list[Unit], Period, Calendar]:
    """All units without a parent, for questions about everybody."""
    when, days = Period.parse(period), calendar()
    return list(Unit.objects.filter(parent=None).order_by("folded")), when, days
