"""Tally: None is not 0; a period takes its opening from the first month, its closing counts from the last."""

import pytest
from hypothesis import given

from figures.measures import ALL_SERVED, CLOSING, FLOWS, MEASURES, WHOLES, served_measures
from figures.periods import Month, Period
from figures.tally import Tally, blank_counts, period_tally

from .strategies import MONTHS, TALLIES

HALF = Period.parse("2022-H1")


@pytest.mark.parametrize(
    ("first", "second", "together"), [(None, 3, 3), (3, None, 3), (None, None, None), (0, None, 0), (2, 3, 5)]
)
def test_nobody_reported_is_not_zero(first, second, together):
    total = Tally.of({"withdrawn": first}) + Tally.of({"withdrawn": second})
    assert total.get("withdrawn") == together


@pytest.mark.parametrize(
    ("values", "name", "total"),
    [
        ({}, "received", None),
        ({"received_direct": 10}, "received", 10),
        ({"received_direct": 10, "received_postal": 0}, "received", 10),
        ({"received_direct": 10}, "received_online", None),
        ({"received_online_partial": 0}, "received_online", 0),
        ({"pending_in_time": 7, "pending_late": 1, "awaiting": 50}, "pending", 8),
        ({"awaiting": 50}, "pending", None),
    ],
)
def test_a_sum_takes_what_is_reported(values, name, total):
    assert Tally.of(values).get(name) == total


def test_no_such_count():
    with pytest.raises(KeyError):
        Tally.empty().get("share")


ALL_ZERO = dict.fromkeys(MEASURES, 0)


@pytest.mark.parametrize(
    ("left_out", "served", "blank"),
    [
        ((), ALL_SERVED, ()),
        (("received_postal",), ALL_SERVED, ("received",)),
        (("received_postal",), served_measures(frozenset({"direct"})), ()),
        (("opening", "resolved_late"), ALL_SERVED, ("opening", "resolved")),
        (("pending_late",), ALL_SERVED, ("pending",)),
        (("awaiting", "withdrawn", "transferred_in"), ALL_SERVED, ()),
        (tuple(MEASURES), ALL_SERVED, tuple(WHOLES)),
    ],
)
def test_blanks_of_a_row(left_out, served, blank):
    row = {name: value for name, value in ALL_ZERO.items() if name not in left_out}
    assert blank_counts(row, served) == {whole: int(whole in blank) for whole in WHOLES}
    assert Tally.of_row(row, served).blanks == blank_counts(row, served)


def test_a_period_sums_flows_and_takes_states_from_its_ends():
    monthly = [
        (month, Tally.of(dict.fromkeys(MEASURES, month.month), reported=1, expected=2))
        for month in HALF.months
    ]
    half = period_tally(monthly, HALF)
    assert {half.get(name) for name in FLOWS} == {1 + 2 + 3 + 4 + 5 + 6}
    assert half.get("opening") == 1
    assert {half.get(name) for name in CLOSING} == {6}
    assert (half.reported, half.expected) == (6, 12)


def test_a_state_whose_month_is_silent_is_unknown():
    may = (Month(2022, 5), Tally.of({"opening": 9, "pending_late": 4, "awaiting": 1, "withdrawn": 2}))
    half = period_tally([may], HALF)
    assert [half.get(name) for name in ("opening", "pending", "awaiting", "withdrawn")] == [
        None,
        None,
        None,
        2,
    ]


def test_blanks_go_with_their_months():
    blank = Tally.of(blanks=dict.fromkeys(WHOLES, 1))
    half = period_tally([(month, blank) for month in HALF.months], HALF)
    assert half.blanks == {"opening": 1, "received": 6, "returned": 6, "resolved": 6, "pending": 1}


def test_other_months_are_ignored_and_a_month_may_come_in_parts():
    june = (Month(2022, 6), Tally.of({"pending_late": 2}, reported=1, expected=1))
    july = (Month(2022, 7), Tally.of({"pending_late": 50}, reported=1, expected=1))
    half = period_tally([june, july, june], HALF)
    assert (half.get("pending_late"), half.reported) == (4, 2)


@given(TALLIES, TALLIES, TALLIES)
def test_addition_does_not_mind_order(first, second, third):
    assert (first + second) + third == first + (second + third) == Tally.total([third, first, second])
    assert first + second == second + first
    assert first + Tally.empty() == first


@given(MONTHS, TALLIES)
def test_a_period_of_one_month_is_that_month(month, tally):
    assert period_tally([(month, tally)], Period.of_month(month)) == tally


@given(TALLIES, TALLIES, TALLIES)
def test_what_has_no_month_is_of_the_whole_period(january, june, more):
    monthly = [(HALF.first, january), (HALF.last, june)]
    whole = period_tally(monthly, HALF)
    assert period_tally([(None, whole)], HALF) == whole
    assert period_tally([(None, whole), (HALF.first, more)], HALF) == period_tally(
        [*monthly, (HALF.first, more)], HALF
    )


@given(TALLIES, TALLIES, TALLIES, TALLIES)
def test_units_add_up_before_or_after_the_months(a1, a2, b1, b2):
    first, last = Month(2022, 1), Month(2022, 2)
    period = Period.of(first, last)
    apart = period_tally([(first, a1), (last, a2)], period) + period_tally([(first, b1), (last, b2)], period)
    assert apart == period_tally([(first, a1 + b1), (last, a2 + b2)], period)
