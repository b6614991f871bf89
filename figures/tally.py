"""Tally: sums of measures, where None (not reported) is not 0 and blanks are counted separately."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from .measures import CLOSING, MEASURES, OPENING, SUMS, WHOLES
from .periods import Month, Period

# None means not reported: None + 3 = 3 and None + None = None. Blanks inside a report are counted, so that a share of
# an incomplete whole can be marked partial.


@dataclass(frozen=True)
class Tally:
    """Counts of dossiers over some units, months and fields.

    ``numbers``: every measure in the order of MEASURES (None: not reported). ``blank_counts``: for each of WHOLES, the
    reported unit-month-fields in which a served part is blank. ``values`` and ``blanks``: the same by name.
    ``reported``, ``expected``: unit-months. ``estimated``: some of it was apportioned by shares.
    """

    numbers: tuple[int | None, ...]
    blank_counts: tuple[int, ...]
    reported: int = 0
    expected: int = 0
    estimated: bool = False

    @cached_property
    def values(self) -> dict[str, int | None]:
        """Every measure by its name; read-only."""
        return dict(zip(MEASURES, self.numbers, strict=True))

    @cached_property
    def blanks(self) -> dict[str, int]:
        """The counts of blanks by whole; read-only."""
        return dict(zip(WHOLES, self.blank_counts, strict=True))

    @classmethod
    def empty(cls) -> Self:
        """Nothing reported and nothing expected: the zero of addition."""
        return cls(_NOTHING, _NO_BLANKS)

    @classmethod
    def of(
        cls,
        values: Mapping[str, int | None] | None = None,
        *,
        blanks: Mapping[str, int] | None = None,
        reported: int = 0,
        expected: int = 0,
    ) -> Self:
        """Measures not in `values` are unreported, wholes not in `blanks` have none."""
        values, blanks = values or {}, blanks or {}
        return cls(
            tuple(values.get(name) for name in MEASURES),
            tuple(blanks.get(whole, 0) for whole in WHOLES),
            reported,
            expected,
        )

    @classmethod
    def expecting(cls, number: int) -> Self:
        """So many unit-months expected and nothing reported; cheap to add."""
        return cls(_NOTHING, _NO_BLANKS, 0, number)

    @classmethod
    def of_row(cls, values: Mapping[str, int | None], served: frozenset[str]) -> Self:
        """One row of a report: its values and its blanks."""
        return cls.of(values, blanks=blank_counts(values, served))

    @classmethod
    def total(cls, tallies: Iterable["Tally"]) -> Self:
        """The sum of tallies."""
        counted: list[Tally] = []
        reported = expected = 0
        for tally in tallies:
            reported += tally.reported
            expected += tally.expected
            if tally.numbers is not _NOTHING:
                counted.append(tally)
        return cls(_numbers(counted), _blank_counts(counted), reported, expected, _estimated(counted))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally.total((self, other))

    def counting(self, *, opens: bool, closes: bool) -> "Tally":
        """The same without its openings or closings, if another unit's report has them."""
        if opens and closes:
            return self
        numbers, blanks = list(self.numbers), list(self.blank_counts)
        for counted, measures, whole in ((opens, OPENING, "opening"), (closes, CLOSING, "pending")):
            if not counted:
                for name in measures:
                    numbers[_PLACES[name]] = None
                blanks[_WHOLES.index(whole)] = 0
        return replace(self, numbers=tuple(numbers), blank_counts=tuple(blanks))

    def get(self, name: str) -> int | None:
        """The value of a measure or sum; None if no part is reported. Raises KeyError."""
        if name in SUMS:
            return sum_reported(self.values[part] for part in SUMS[name])
        return self.values[name]


def sum_reported(parts: Iterable[int | None]) -> int | None:
    """The sum of the reported parts; None if there are none."""
    parts = tuple(parts)
    if None in parts or not parts:
        parts = [part for part in parts if part is not None]
    return sum(parts) if parts else None


def blank_counts(values: Mapping[str, int | None], served: frozenset[str]) -> dict[str, int]:
    """For one row: 1 for each whole with a blank in a served part, else 0."""
    return {
        whole: int(any(part in served and values.get(part) is None for part in parts))
        for whole, parts in WHOLES.items()
    }


def period_tally(monthly: Iterable[tuple[Month | None, Tally]], period: Period) -> Tally:
    """The tally of a period from tallies of its months, several per month allowed; other months are ignored.

    Flows are summed. Openings come from the first month and closings from the last, with their blanks; they are
    unknown if that month is not reported. A tally with month None is of the whole period already.
    """
    # Compares whole numbers: this runs thousands of times for the whole country.
    first, last = period.first.number, period.last.number
    counted: list[Tally] = []
    in_first: list[Tally] = []
    in_last: list[Tally] = []
    reported = expected = 0
    for month, tally in monthly:
        number = first if month is None else month.number
        if not first <= number <= last:
            continue
        reported += tally.reported
        expected += tally.expected
        if tally.numbers is _NOTHING:
            continue
        counted.append(tally)
        if number == first:
            in_first.append(tally)
        if number == last or month is None:
            in_last.append(tally)
    if len(in_first) == len(in_last) == len(counted):
        # One month only, or the whole period already.
        return Tally(_numbers(counted), _blank_counts(counted), reported, expected, _estimated(counted))
    numbers, blanks = list(_numbers(counted)), list(_blank_counts(counted))
    for states, measures, whole in ((in_first, OPENING, "opening"), (in_last, CLOSING, "pending")):
        for place in map(_PLACES.__getitem__, measures):
            numbers[place] = sum_reported([tally.numbers[place] for tally in states])
        blanks[_WHOLES.index(whole)] = sum([tally.blank_counts[_WHOLES.index(whole)] for tally in states])
    return Tally(tuple(numbers), tuple(blanks), reported, expected, _estimated(counted))


# Shared by all tallies without reports, which `is` recognises.
_NOTHING: tuple[int | None, ...] = (None,) * len(MEASURES)
_NO_BLANKS: tuple[int, ...] = (0,) * len(WHOLES)
_PLACES = {name: place for place, name in enumerate(MEASURES)}
_WHOLES = tuple(WHOLES)


def _numbers(tallies: list[Tally]) -> tuple[int | None, ...]:
    """The sums by column, which is fast for the thousands of tallies of the whole country."""
    if len(tallies) < 2:
        return tallies[0].numbers if tallies else _NOTHING
    return tuple(map(_column, zip(*[tally.numbers for tally in tallies], strict=True)))


def _column(numbers: tuple[int | None, ...]) -> int | None:
    # Most columns have no None.
    try:
        return sum(numbers)
    except TypeError:
        return sum_reported(numbers)


def _estimated(tallies: list[Tally]) -> bool:
    return any(tally.estimated for tally in tallies)


def _blank_counts(tallies: list[Tally]) -> tuple[int, ...]:
    if len(tallies) < 2:
        return tallies[0].blank_counts if tallies else _NO_BLANKS
    return tuple(map(sum, zip(*[tally.blank_counts for tally in tallies], strict=True)))
