"""Outliers: values far from earlier months warn, ordinary months and small numbers do not."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.outliers import find_outlier, median


@pytest.mark.parametrize(
    ("value", "history", "odd"),
    [
        (61, [9, 8, 9, 10, 9, 9, 12], True),
        (16, [9, 8, 9, 10, 9, 9, 12], False),
        (61, [9, 8, 9, 10, 9], False),  # too few earlier months
        (61, [None, 9, 8, None, 9, 10, 9], False),
        (None, [9] * 12, False),
        (9, [9] * 12, False),
        (5, [0] * 12, False),  # small numbers are ordinary
        (40, [0] * 12, True),
        (1750, [175, 170, 182, 168, 190, 177], True),  # a digit too many
        (17, [175, 170, 182, 168, 190, 177], True),  # a digit too few
        (210, [175, 170, 182, 168, 190, 177], False),
        (175, [175, 170, 1820, 168, 190, 177], False),  # one earlier slip hides nothing
        (1750, [175, 170, 1820, 168, 190, 177], True),
        (290, [100, 300, 120, 280, 110, 290, 100], False),  # reached twice before
        (100, [1000] * 12 + [100] * 12, False),  # only the last twelve months count
    ],
)
def test_outlier(value, history, odd):
    assert (find_outlier(value, history) is not None) == odd


@pytest.mark.parametrize(
    ("value", "history", "sentence"),
    [
        (61, [9] * 6, "61 gấp 6,8 lần mức thường gặp (9) của các tháng trước."),
        (17, [175] * 6, "17 thấp hơn hẳn mức thường gặp (175) của các tháng trước."),
        (1700, [1000] * 6, "1.700 cao hơn hẳn mức thường gặp (1.000) của các tháng trước."),
        (40, [0] * 6, "40 cao hơn hẳn mức thường gặp (0) của các tháng trước."),
    ],
)
def test_the_warning_says_what_is_odd_and_what_to_do(value, history, sentence):
    fault = find_outlier(value, history).fault("received_direct")
    assert fault.message == f"{sentence} Nếu đúng, ghi lý do; nếu nhầm, sửa lại."
    assert (fault.code, fault.measure, fault.severity) == ("outlier", "received_direct", "warning")


@pytest.mark.parametrize(
    ("numbers", "middle"), [([3], Fraction(3)), ([1, 2], Fraction(3, 2)), ([5, 1, 9], Fraction(5))]
)
def test_median(numbers, middle):
    assert median(numbers) == middle


def test_median_of_nothing():
    with pytest.raises(ValueError):
        median([])


@given(st.lists(st.integers(0, 10**6), min_size=6, max_size=12))
def test_the_usual_level_itself_never_alarms(history):
    assert find_outlier(int(median(history)), history) is None
