"""Finds numbers that look mistyped against their own past; a warning that never blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .formatting import format_count, format_decimal
from .rule_catalogue import RuleViolation, violation

# Robust on purpose: median and median absolute deviation over the last twelve months, so that one earlier slip
# of the finger does not hide the next one.

# Sums whose jumps against the past months are worth a look.
WATCHED = ("received", "resolved")
MONTHS = 12
FEWEST = 6
# Below this many dossiers of difference a jump is an ordinary month of a small unit.
SMALLEST_GAP = 15
# 3.5 robust deviations (Iglewicz and Hoaglin), a deviation being 1.4826 × the median absolute deviation.
LIMIT = Fraction(35, 10) * Fraction(14826, 10000)
# No past is steadier than a tenth of its level: else six equal months would make every change alarming.
LEAST_DEVIATION = Fraction(1, 10)


@dataclass(frozen=True)
class Outlier:
    """A number far from its past: the usual level, and how many times it (None where the level is 0)."""

    value: int
    usual: Fraction
    factor: Fraction | None

    @property
    def level(self) -> str:
        """The usual level as it is written: 175."""
        return format_count(_half_up(self.usual))

    def fault(self, measure: str) -> RuleViolation:
        """As a warning at a measure, that says what is odd and what to do."""
        many = self.factor is not None and self.factor >= 2
        why = "times" if many else "above" if self.value > self.usual else "below"
        times = format_decimal(_tenths(self.factor)) if many else ""
        return violation(
            "outlier", measure, why, value=format_count(self.value), usual=self.level, times=times
        )


def find_outlier(value: int | None, history: Sequence[int | None]) -> Outlier | None:
    """Whether a count is far from those of the months before it, the latest last.

    Only the last twelve months are looked at, blanks are left out, and fewer than six numbers say nothing.
    """
    past = [number for number in history[-MONTHS:] if number is not None]
    if value is None or len(past) < FEWEST:
        return None
    # In halves, which are whole: fractions cost much more, and every row of every report comes by here.
    ordered = sorted(past)
    halves = ordered[(len(past) - 1) // 2] + ordered[len(past) // 2]
    if abs(2 * value - halves) < 2 * SMALLEST_GAP:
        return None
    usual = Fraction(halves, 2)
    gap = abs(value - usual)
    deviation = max(median([abs(2 * number - halves) for number in past]) / 2, usual * LEAST_DEVIATION)
    # What was reached twice before is this unit's way; once may have been a slip.
    as_far = [number for number in past if (number >= value if value > usual else number <= value)]
    if gap <= LIMIT * deviation or len(as_far) > 1:
        return None
    return Outlier(value, usual, value / usual if usual else None)


def outlier_rules() -> dict[str, Any]:
    """What `outlier` goes by, as data for the browser; fractions as numerator and denominator."""
    return {
        "watched": WATCHED,
        "months": MONTHS,
        "fewest": FEWEST,
        "smallest_gap": SMALLEST_GAP,
        "limit": LIMIT.as_integer_ratio(),
        "least_deviation": LEAST_DEVIATION.as_integer_ratio(),
    }


def median(numbers: Sequence[int | Fraction]) -> Fraction:
    """The middle one, or half the sum of the middle two, exactly. Raises ValueError when there is none."""
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
