"""Finds numbers that differ suspiciously from the months before; they cause a warning, which never blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .formatting import format_count, format_decimal
from .rule_catalogue import RuleViolation, violation

# Median and median absolute deviation over twelve months are robust: one earlier typing error does not hide the next.

WATCHED = ("received", "resolved")
MONTHS = 12
FEWEST = 6
# Smaller differences, in dossiers, are ordinary in a small unit.
SMALLEST_GAP = 15
# 3.5 robust deviations (Iglewicz and Hoaglin), a deviation being 1.4826 × the median absolute deviation.
LIMIT = Fraction(35, 10) * Fraction(14826, 10000)
# As a part of the usual level: else after six equal months every change would be an outlier.
LEAST_DEVIATION = Fraction(1, 10)


@dataclass(frozen=True)
class Outlier:
    """A number far from the usual level; ``factor``: the number divided by the level (None if that is 0)."""

    value: int
    usual: Fraction
    factor: Fraction | None

    @property
    def level(self) -> str:
        """The usual level, formatted: 175."""
        return format_count(_half_up(self.usual))

    def fault(self, measure: str) -> RuleViolation:
        """The warning at a measure."""
        many = self.factor is not None and self.factor >= 2
        why = "times" if many else "above" if self.value > self.usual else "below"
        times = format_decimal(_tenths(self.factor)) if many else ""
        return violation(
            "outlier", measure, why, value=format_count(self.value), usual=self.level, times=times
        )


def find_outlier(value: int | None, history: Sequence[int | None]) -> Outlier | None:
    """The outlier, if a count is far from those of the months before (latest last); else None.

    Uses the last twelve months without blanks; None with fewer than six numbers.
    """
    past = [number for number in history[-MONTHS:] if number is not None]
    if value is None or len(past) < FEWEST:
        return None
    # Twice the median is a whole number: fractions are slow, and this runs for every row of every report.
    ordered = sorted(past)
    halves = ordered[(len(past) - 1) // 2] + ordered[len(past) // 2]
    if abs(2 * value - halves) < 2 * SMALLEST_GAP:
        return None
    usual = Fraction(halves, 2)
    gap = abs(value - usual)
    deviation = max(median([abs(2 * number - halves) for number in past]) / 2, usual * LEAST_DEVIATION)
    # A level reached twice before is normal for this unit; once may have been an error.
    as_far = [number for number in past if (number >= value if value > usual else number <= value)]
    if gap <= LIMIT * deviation or len(as_far) > 1:
        return None
    return Outlier(value, usual, value / usual if usual else None)


def outlier_rules() -> dict[str, Any]:
    """The limits of `find_outlier` as data for the browser; fractions as numerator and denominator."""
    return {
        "watched": WATCHED,
        "months": MONTHS,
        "fewest": FEWEST,
        "smallest_gap": SMALLEST_GAP,
        "limit": LIMIT.as_integer_ratio(),
        "least_deviation": LEAST_DEVIATION.as_integer_ratio(),
    }


def median(numbers: Sequence[int | Fraction]) -> Fraction:
    """The exact median. Raises ValueError for no numbers."""
    if not numbers:
        raise ValueError("no numbers")
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return Fraction(ordered[middle])
    return Fraction(ordered[middle - 1] + ordered[middle]) / 2


def _half_up(number: Fraction) -> int:
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


def _tenths(number: Fraction) -> str:
    whole, tenth = divmod(_half_up(number * 10), 10)
    return f"{whole}.{tenth}"
