"""Dividing whole numbers by shares without losing one: the largest remainder."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

# Used where a unit was split and its past is shown by its successors. Every part is an estimate; their sum is
# not.


def apportion(number: int | None, shares: Sequence[Fraction]) -> tuple[int | None, ...]:
    """Whole parts of a number that add up to it, in the order of the shares, which sum to 1.

    Each part is its quota rounded down or up; a larger share never gets less; of equal remainders the larger share,
    then the earlier one is rounded up first. None, "not reported", stays None in every part. Raises ValueError for
    shares that do not sum to 1 and for negative numbers and shares.
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


def part_of(
    numbers: Sequence[int | None], shares: Sequence[Fraction], wanted: frozenset[int]
) -> tuple[int | None, ...]:
    """Of each number the parts at the wanted places of the shares, together; None stays None."""
    divided = (apportion(number, shares) for number in numbers)
    return tuple(None if parts[0] is None else sum(parts[at] for at in wanted) for parts in divided)
