"""Rounding and apportioning, on whole numbers without floats; nothing is rounded elsewhere."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

# Each figure is rounded half up by itself, as a reader checks it with a calculator (published reports do the same:
# 0,50% becomes 1%). Rounding never hides a dossier: a share that is neither 0 nor 100 gets as many decimals as it
# takes not to look so.


def rounded_percent(numerator: int | None, denominator: int | None, decimals: int = 1) -> str | None:
    """The share in percent as text with a dot, such as "87.4"; None if the numerator is None or the denominator None or
    0. "0.0" and "100.0" only for exactly none and all: 3 of 10.000 is "0.03", 10.004 of 10.000 "100.04". Raises
    ValueError for negative numbers.
    """
    if numerator is None or not denominator:
        return None
    if numerator < 0 or denominator < 0 or decimals < 0:
        raise ValueError("a share is made of counts >= 0")
    while True:
        scaled = (200 * 10**decimals * numerator + denominator) // (2 * denominator)
        hides_some = scaled == 0 and numerator != 0
        hides_rest = scaled == 100 * 10**decimals and numerator != denominator
        if not (hides_some or hides_rest):
            return _text(scaled, decimals)
        decimals += 1


def point_difference(new: str | None, old: str | None) -> str | None:
    """The difference of two printed rates in percentage points: "14.7" and "8.4" give "6.3".

    Computed from the printed rates, not from the counts, so that the reader's subtraction agrees.
    """
    if new is None or old is None:
        return None
    return f"{Decimal(new) - Decimal(old):f}"


def _text(scaled: int, decimals: int) -> str:
    whole, rest = divmod(scaled, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals else f"{whole}"


def apportion(number: int | None, shares: Sequence[Fraction]) -> tuple[int | None, ...]:
    """Divides a number into whole parts by shares, for the history of a split unit; the parts add up to the number.

    Each part is its quota rounded down or up; a larger share never gets less; of equal remainders the larger share,
    then the earlier one is rounded up first. None (not reported) stays None. Raises ValueError for shares that do not
    sum to 1, and for negative numbers and shares.
    """
    if sum(shares) != 1 or any(share < 0 for share in shares):
        raise ValueError(f"shares are parts of one whole, not {', '.join(map(str, shares))}")
    if number is None:
        return (None,) * len(shares)
    if number < 0:
        raise ValueError(f"a count is not negative: {number}")
    quotas = [number * share for share in shares]
    parts = [floor(quota) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda at: (parts[at] - quotas[at], -shares[at], at))
    for at in by_remainder[: number - sum(parts)]:
        parts[at] += 1
    return tuple(parts)


def apportioned_part(
    numbers: Sequence[int | None], shares: Sequence[Fraction], places: frozenset[int]
) -> tuple[int | None, ...]:
    """For each number, the sum of its parts at these places of the shares; None stays None."""
    divided = (apportion(number, shares) for number in numbers)
    return tuple(None if parts[0] is None else sum(parts[at] for at in places) for parts in divided)
