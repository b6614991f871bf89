"""Dividing by shares keeps every dossier."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.rounding import apportion, apportioned_part

NUMBERS = st.integers(0, 10**6)
SHARES = st.lists(st.integers(1, 50), min_size=1, max_size=6).map(
    lambda weights: [Fraction(weight, sum(weights)) for weight in weights]
)
THIRDS = [Fraction(1, 3)] * 3


@pytest.mark.parametrize(
    ("number", "shares", "parts"),
    [
        (10, THIRDS, (4, 3, 3)),
        (11, THIRDS, (4, 4, 3)),
        (0, THIRDS, (0, 0, 0)),
        (None, THIRDS, (None, None, None)),
        (7, [Fraction(1)], (7,)),
        (1, [Fraction(1, 4), Fraction(3, 4)], (0, 1)),
        (5, [Fraction(1, 2), Fraction(1, 2)], (3, 2)),
        (3, [Fraction(1, 6), Fraction(1, 2), Fraction(1, 3)], (0, 2, 1)),
    ],
)
def test_examples(number, shares, parts):
    assert apportion(number, shares) == parts


@given(NUMBERS, SHARES)
def test_total_is_kept_and_no_part_is_off_by_one(number, shares):
    parts = apportion(number, shares)
    assert sum(parts) == number
    assert all(abs(part - number * share) < 1 for part, share in zip(parts, shares, strict=True))


@given(NUMBERS, SHARES)
def test_a_larger_share_never_gets_less(number, shares):
    pairs = sorted(zip(shares, apportion(number, shares), strict=True))
    for (small, less), (large, more) in zip(pairs, pairs[1:], strict=False):
        assert small == large or less <= more


@given(NUMBERS | st.none(), SHARES, st.data())
def test_split_then_merged_is_the_whole_again(number, shares, data):
    some = data.draw(st.frozensets(st.sampled_from(range(len(shares)))))
    others = frozenset(range(len(shares))) - some
    one, other = (apportioned_part([number], shares, wanted)[0] for wanted in (some, others))
    assert apportioned_part([number], shares, some | others) == (number,)
    assert number is None and one is other is None or one + other == number


@pytest.mark.parametrize(
    ("number", "shares"),
    [(1, []), (1, [Fraction(1, 2)]), (-1, [Fraction(1)]), (1, [Fraction(3, 2), Fraction(-1, 2)])],
)
def test_what_is_no_whole_is_refused(number, shares):
    with pytest.raises(ValueError):
        apportion(number, shares)
