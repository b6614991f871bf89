"""The one place where anything is rounded, on whole numbers and without floats."""

from collections.abc import Sequence
from decimal import Decimal

# Each figure is rounded half up by itself, as a reader with a calculator would check it (published reports do
# the same: 0,50% stands as 1%). Rounding never hides a dossier: what is neither none nor all is never printed
# as 0 or 100, it gets as many more decimals as that takes.


def percent(numerator: int | None, denominator: int | None, decimals: int = 1) -> str | None:
    """The share in percent as text with a dot, such as "87.4"; None where there is nothing to divide.

    Exactly none is "0.0" and exactly all "100.0" (with the decimals asked for); 3 of 10.000 is "0.03" and 10.004
    of 10.000 "100.04". Raises ValueError for negative numbers.
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


def largest_remainder(parts: Sequence[int | None], decimals: int = 1) -> list[str | None]:
    """Shares in percent that total exactly 100, all at the decimals that the smallest of them needs.

    (14700, 2114, 5) gives 87.40 · 12.57 · 0.03. Rounded down first, then the largest remainders get what is
    missing; of equal remainders the larger part is served first, then the earlier. A part that nobody reported has
    no share (None), and nothing has where the whole is 0. Raises ValueError for negative parts.
    """
    counts = [part or 0 for part in parts]
    if min(counts, default=0) < 0:
        raise ValueError("a share is made of counts >= 0")
    if not (whole := sum(counts)):
        return [None for _ in parts]
    while True:
        scaled = _apportioned(counts, whole, 100 * 10**decimals)
        if all(share or not count for share, count in zip(scaled, counts, strict=True)):
            break
        decimals += 1
    return [
        None if part is None else _text(share, decimals) for part, share in zip(parts, scaled, strict=True)
    ]


def points(new: str | None, old: str | None) -> str | None:
    """The difference of two printed rates in percentage points: "14.7" and "8.4" give "6.3".

    Taken from what is printed and not from the counts behind it, so that the reader's subtraction agrees.
    """
    if new is None or old is None:
        return None
    return f"{Decimal(new) - Decimal(old):f}"


def _apportioned(counts: Sequence[int], whole: int, units: int) -> list[int]:
    """So many units shared out by largest remainder."""
    shares = [count * units // whole for count in counts]
    order = sorted(range(len(counts)), key=lambda i: (-(counts[i] * units % whole), -counts[i], i))
    for i in order[: units - sum(shares)]:
        shares[i] += 1
    return shares


def _text(scaled: int, decimals: int) -> str:
    whole, rest = divmod(scaled, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals else f"{whole}"
