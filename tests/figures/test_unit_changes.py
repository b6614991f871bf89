"""A handover inside a month: its days, the figures that it affects, and its sentences."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.unit_changes import Handover

JULY, AUGUST = (date(2022, 6, 15), date(2022, 7, 14)), (date(2022, 7, 15), date(2022, 8, 14))
START = date(2020, 1, 1)


def steps(last: date, first: date) -> list[tuple[str, date, int, int]]:
    """Two units report until `last`, one from `first` on."""
    return [("commune", START, 2, 0), ("commune", last, 0, 2), ("commune", first, 1, 0)]


@pytest.mark.parametrize(
    "last, first, opening, pending",
    [
        ("2022-06-30", "2022-07-01", True, False),
        ("2022-06-15", "2022-06-16", True, False),
        ("2022-07-13", "2022-07-14", True, False),
        ("2022-06-14", "2022-06-15", False, False),  # with the month
        ("2022-07-14", "2022-07-15", False, False),  # between the two
        ("2022-07-31", "2022-08-01", False, True),
    ],
)
def test_only_a_change_inside_the_first_or_the_last_month(last, first, opening, pending):
    on = date.fromisoformat(first)
    handover = Handover.of(steps(date.fromisoformat(last), on), JULY, AUGUST)
    assert handover == Handover((on,) if opening else (), (on,) if pending else ())


def test_one_side_is_enough():
    """The successor may belong to another district."""
    ends, begins = ("commune", date(2022, 6, 30), 0, 1), ("commune", date(2022, 7, 1), 1, 0)
    on = (date(2022, 7, 1),)
    assert Handover.of([ends], JULY, JULY) == Handover((), on)
    assert Handover.of([begins], JULY, JULY) == Handover(on, ())


def test_one_sentence_names_both_numbers_of_a_period_of_one_month():
    on = date(2022, 7, 1)
    (sentence,) = Handover.of(steps(on - timedelta(1), on), JULY, JULY).sentences()
    assert sentence == (
        "Giữa tháng (ngày 01/7/2022) có đơn vị thôi hoạt động và có đơn vị bắt đầu: hồ sơ bàn giao cho đơn vị kế thừa "
        "chỉ tính một lần, đầu kỳ ở đơn vị cũ, cuối kỳ ở đơn vị kế thừa."
    )


def test_a_longer_period_says_in_which_month_and_number():
    days = date(2022, 7, 1), date(2022, 8, 1)
    first, last = Handover((days[0],), (days[1],)).sentences()
    assert first.startswith("Giữa tháng đầu kỳ (ngày 01/7/2022) ") and "số kỳ trước chuyển sang" in first
    assert last.startswith("Giữa tháng cuối kỳ (ngày 01/8/2022) ") and "chờ bổ sung" in last
    assert Handover().sentences() == []


@given(st.lists(st.dates(), max_size=3), st.lists(st.dates(), max_size=3))
def test_what_is_written_is_read_back(opening, pending):
    handover = Handover(tuple(opening), tuple(pending))
    assert Handover.from_dict(handover.as_dict()) == handover
