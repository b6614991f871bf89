"""Which kind of reminder a day calls for."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.reminder_schedule import AFTER, BEFORE, DAYS_AFTER, DAYS_BEFORE, ON_DAY, reminder_kind

DUE = date(2022, 8, 16)


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2022, 8, 12), None),
        (date(2022, 8, 13), BEFORE),
        (date(2022, 8, 15), BEFORE),
        (date(2022, 8, 16), ON_DAY),
        (date(2022, 8, 17), AFTER),
        (date(2022, 9, 15), AFTER),
        (date(2022, 9, 16), None),
    ],
)
def test_calendar_days_relative_to_the_due_date(day, kind):
    assert reminder_kind(DUE, day) == kind


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_kinds_come_in_order_and_leave_no_day_out(due):
    days = [due + timedelta(n) for n in range(-DAYS_BEFORE, DAYS_AFTER + 1)]
    kinds = [reminder_kind(due, day) for day in days]
    assert kinds == [BEFORE] * DAYS_BEFORE + [ON_DAY] + [AFTER] * DAYS_AFTER
    assert reminder_kind(due, days[0] - timedelta(1)) is reminder_kind(due, days[-1] + timedelta(1)) is None
