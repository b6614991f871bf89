"""Rounding half up, once, and never to 0 or 100 percent where that would hide a dossier."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.rounding import apportion, apportioned_part, point_difference, rounded_percent

SMALL = st.integers(0, 10**6)
WHOLES = st.integers(1, 10**6)
DECIMALS = st.integers(0, 3)


@pytest.mark.parametrize(
    ("numerator", "denominator", "decimals", "printed"),
    [
        (463, 960, 1, "48.2"),
        (496, 960, 1, "51.7"),
        (1, 960, 1, "0.1"),
        (14700, 16819, 1, "87.4"),
        (245, 49000, 0, "1"),  # half up: 0,50% was published as 1%
        (1, 16, 1, "6.3"),  # 6.25
        (1, 3, 2, "33.33"),
        (2, 3, 0, "67"),
        (0, 960, 1, "0.0"),
        (960, 960, 1, "100.0"),
        (0, 7, 0, "0"),
        (7, 7, 0, "100"),
        (7, 7, 2, "100.00"),
        (3, 10000, 1, "0.03"),
        (9997, 10000, 1, "99.97"),
        (9997, 10000, 0, "99.97"),
        (996, 1000, 0, "99.6"),
        (10004, 10000, 1, "100.04"),
        (1, 10**9, 1, "0.0000001"),
        (10**9 - 1, 10**9, 1, "99.9999999"),
        (1205, 1000, 1, "120.5"),
        (None, 960, 1, None),
        (5, None, 1, None),
        (5, 0, 1, None),
        (0, 0, 1, None),
        (None, None, 1, None),
    ],
)
def test_percent(numerator, denominator, decimals, printed):
    assert rounded_percent(numerator, denominator, decimals) == printed


@pytest.mark.parametrize("bad", [(-1, 5, 1), (1, -5, 1), (1, 5, -1)])
def test_percent_of_what_is_no_count(bad):
    with pytest.raises(ValueError):
        rounded_percent(*bad)


@given(SMALL, WHOLES, DECIMALS)
def test_percent_never_hides_a_dossier(numerator, denominator, decimals):
    printed = Decimal(rounded_percent(numerator, denominator, decimals))
    assert (printed == 0) == (numerator == 0)
    assert (printed == 100) == (numerator == denominator)


@given(SMALL, WHOLES, DECIMALS)
def test_percent_is_right_to_half_a_unit_of_its_last_digit(numerator, denominator, decimals):
    text = rounded_percent(numerator, denominator, decimals)
    shown = len(text.partition(".")[2])
    assert shown >= decimals
    error = abs(Decimal(text) * denominator - 100 * numerator)
    assert error * 2 * 10**shown <= denominator


@given(SMALL, SMALL, WHOLES, DECIMALS)
def test_percent_grows_with_its_numerator(first, second, denominator, decimals):
    low, high = sorted((first, second))
    assert Decimal(rounded_percent(low, denominator, decimals)) <= Decimal(
        rounded_percent(high, denominator, decimals)
    )


@pytest.mark.parametrize(
    ("new", "old", "gap"),
    [
        ("14.7", "8.4", "6.3"),
        ("8.4", "14.7", "-6.3"),
        ("5.0", "5.0", "0.0"),
        ("99.97", "100.0", "-0.03"),
        ("87", "86", "1"),
        (None, "5.0", None),
        ("5.0", None, None),
    ],
)
def test_points_come_from_the_printed_rates(new, old, gap):
    assert point_difference(new, old) == gap


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
    first, second = (apportioned_part([number], shares, selected)[0] for selected in (some, others))
    assert apportioned_part([number], shares, some | others) == (number,)
    assert number is None and first is second is None or first + second == number


@pytest.mark.parametrize(
    ("number", "shares"),
    [(1, []), (1, [Fraction(1, 2)]), (-1, [Fraction(1)]), (1, [Fraction(3, 2), Fraction(-1, 2)])],
)
def test_what_is_no_whole_is_refused(number, shares):
    with pytest.raises(ValueError):
        apportion(number, shares)
