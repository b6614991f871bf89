"""Completeness: reported of expected unit-months or units, and who is missing."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.completeness import (
    AFTER,
    BEFORE,
    DAYS_AFTER,
    DAYS_BEFORE,
    ON_DAY,
    Completeness,
    MissingMonth,
    reminder_kind,
)
from figures.periods import Month

MAY, JUNE = Month(2022, 5), Month(2022, 6)


@pytest.mark.parametrize(
    ("reported", "expected", "months", "units", "complete", "silent"),
    [
        (94, 96, "94/96 báo cáo tháng", "94/96 đơn vị", False, False),
        (96, 96, "96/96 báo cáo tháng", "96/96 đơn vị", True, False),
        (0, 16, "0/16 báo cáo tháng", "0/16 đơn vị", False, True),
        (0, 0, "0/0 báo cáo tháng", "0/0 đơn vị", True, False),
    ],
)
def test_completeness(reported, expected, months, units, complete, silent):
    completeness = Completeness(reported, expected)
    assert (completeness.text(), completeness.text(one_month=True)) == (months, units)
    assert (completeness.complete, completeness.silent) == (complete, silent)


def test_missing_by_unit_and_as_data():
    missing = (MissingMonth("2", MAY, "B"), MissingMonth("1", MAY), MissingMonth("2", JUNE, "B"))
    completeness = Completeness(3, 6, missing)
    assert completeness.by_unit() == {"2": [missing[0], missing[2]], "1": [missing[1]]}
    assert Completeness.from_dict(completeness.as_dict()) == completeness
    assert sorted(missing) == [missing[1], missing[0], missing[2]]


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
