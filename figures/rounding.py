"""The one place where anything is rounded, on whole numbers and without floats."""

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


def points(new: str | None, old: str | None) -> str | None:
    """The difference of two printed rates in percentage points: "14.7" and "8.4" give "6.3".

    Taken from what is printed and not from the counts behind it, so that the reader's subtraction agrees.
    """
    if new is None or old is None:
        return None
    return f"{Decimal(new) - Decimal(old):f}"


def _text(scaled: int, decimals: int) -> str:
    whole, rest = divmod(scaled, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}" if decimals else f"{whole}"
