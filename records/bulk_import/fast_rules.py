"""The rules of figures/ for many rows at once: numbers by position, and only suspects get the full check."""

from functools import cache

from figures.measures import CLOSING, COMES_IN, GOES_OUT, MEASURES, OPTIONAL, SUMS, WHOLES
from figures.outliers import FEWEST, LEAST_DEVIATION, LIMIT, MONTHS, SMALLEST_GAP, WATCHED

Values = tuple[int | None, ...]
PLACE_OF_MEASURE = {name: place for place, name in enumerate(MEASURES)}
NO_VALUES: Values = (None,) * len(MEASURES)
_NO_BLANKS = (0,) * len(WHOLES)
# All that belongs to a whole stands before this place.
_AFTER_WHOLES = 1 + max(PLACE_OF_MEASURE[name] for parts in WHOLES.values() for name in parts)
_CLOSING = tuple(PLACE_OF_MEASURE[name] for name in CLOSING)
# The limits of figures.outliers as whole numbers: above and below the line.
_OF_LEVEL, _LEVEL = (LIMIT * LEAST_DEVIATION).as_integer_ratio()
_OF_DEVIATION, _DEVIATION = LIMIT.as_integer_ratio()


class ServedRules:
    """What a set of served measures asks of a row."""

    def __init__(self, served: frozenset[str]) -> None:
        self.names = served
        self.unserved = tuple(PLACE_OF_MEASURE[name] for name in MEASURES if name not in served)
        asked = served.difference(OPTIONAL)
        self.asked_in = tuple(PLACE_OF_MEASURE[name] for name in COMES_IN if name in asked)
        self.asked_out = tuple(PLACE_OF_MEASURE[name] for name in GOES_OUT if name in asked)
        self.comes_in = tuple(PLACE_OF_MEASURE[name] for name in COMES_IN)
        self.goes_out = tuple(PLACE_OF_MEASURE[name] for name in GOES_OUT)
        self.wholes = tuple(
            tuple(PLACE_OF_MEASURE[name] for name in parts if name in served) for parts in WHOLES.values()
        )

    def clean(self, values: Values) -> bool:
        """Whether figures.rules.check_row finds nothing in a row of counts that were read as such."""
        for place in self.unserved:
            if values[place] is not None:
                return False
        for place in self.asked_in:
            if values[place] is None:
                return True
        gap = 0
        for place in self.comes_in:
            gap += values[place] or 0
        for place in self.goes_out:
            gap -= values[place] or 0
        for place in self.asked_out:
            if values[place] is None:
                return gap >= 0
        return gap == 0

    def blanks(self, values: Values) -> tuple[int, ...]:
        """1 for each whole of which a served part is blank, in the order of WHOLES."""
        if None not in values[:_AFTER_WHOLES]:
            return _NO_BLANKS
        return tuple([1 if None in [values[place] for place in parts] else 0 for parts in self.wholes])


@cache
def served_rules(names: frozenset[str]) -> ServedRules:
    """One `Served` for each set of measures."""
    return ServedRules(names)


def closing_count(values: Values) -> int | None:
    """What is still open at the end of the month; None while a part of it is unknown."""
    total = 0
    for place in _CLOSING:
        value = values[place]
        if value is None:
            return None
        total += value
    return total


PLACES_OF_SUM = {whole: tuple(PLACE_OF_MEASURE[name] for name in SUMS[whole]) for whole in WATCHED}


def sum_at(values: Values, places: tuple[int, ...]) -> int | None:
    """The sum of the reported parts; None when none is."""
    known = [values[place] for place in places if values[place] is not None]
    return sum(known) if known else None


def is_outlier(value: int, past: list[int]) -> bool:
    """Whether figures.outliers alarms, of a past without blanks; in whole numbers."""
    if len(past) < FEWEST:
        return False
    ordered = sorted(past[-MONTHS:])
    half = len(ordered) // 2
    twice = ordered[half] * 2 if len(ordered) % 2 else ordered[half - 1] + ordered[half]
    gap = abs(2 * value - twice)
    if gap < 2 * SMALLEST_GAP or gap * _LEVEL <= twice * _OF_LEVEL:
        return False
    # The median deviation is four times itself here, the gap twice.
    apart = sorted([abs(2 * number - twice) for number in ordered])
    deviation = apart[half] * 2 if len(apart) % 2 else apart[half - 1] + apart[half]
    if gap * 2 * _DEVIATION <= _OF_DEVIATION * deviation:
        return False
    # What was reached twice before is this unit's way.
    return ordered[-2] < value if 2 * value > twice else ordered[1] > value
