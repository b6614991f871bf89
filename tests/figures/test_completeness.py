"""Completeness: so many of so many, in unit-months or units, and who is missing."""

import pytest

from figures.completeness import Completeness, MissingMonth
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
    one = Completeness(reported, expected)
    assert (one.text(), one.text(one_month=True)) == (months, units)
    assert (one.complete, one.silent) == (complete, silent)


def test_missing_by_unit_and_as_data():
    ones = (MissingMonth("2", MAY, "B"), MissingMonth("1", MAY), MissingMonth("2", JUNE, "B"))
    completeness = Completeness(3, 6, ones)
    assert completeness.by_unit() == {"2": [ones[0], ones[2]], "1": [ones[1]]}
    assert Completeness.from_dict(completeness.as_dict()) == completeness
    assert sorted(ones) == [ones[1], ones[0], ones[2]]
