"""Tally: measures added up, where None (nobody reported) is not 0 and blanks are counted beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from .measures import CLOSING, MEASURES, OPENING, SUMS, WHOLES
from .periods import Month, Period

# In a ``Tally`` None means that nobody reported, which is not 0: None + 3 = 3 and None + None = None. What was
# left blank inside a report is counted beside it, so that a share of an incomplete whole can say so.


@dataclass(frozen=True)
class Tally:
    """Dossiers counted over some units, months and fields.

    ``numbers`` holds every measure in the order of MEASURES (None: nobody reported it) and ``lacks``, in the order of
    WHOLES, in how many reported unit-month-fields a served part was left blank; ``values`` and ``blanks`` are the same
    by name. ``reported`` of ``expected`` unit-months are in. ``estimated``: a part of it was divided by shares.
    """

    numbers: tuple[int | None, ...]
    lacks: tuple[int, ...]
    reported: int = 0
    expected: int = 0
    estimated: bool = False

    @cached_property
    def values(self) -> dict[str, int | None]:
        """Every measure by its name; read-only."""
        return dict(zip(MEASURES, self.numbers, strict=True))

    @cached_property
    def blanks(self) -> dict[str, int]:
        """For each whole, how many have a blank in it; read-only."""
        return dict(zip(WHOLES, self.lacks, strict=True))

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
        """From what there is: measures and wholes that are not named are unreported and without blanks."""
        values, blanks = values or {}, blanks or {}
        return cls(
            tuple(values.get(name) for name in MEASURES),
            tuple(blanks.get(whole, 0) for whole in WHOLES),
            reported,
            expected,
        )

    @classmethod
    def expecting(cls, number: int) -> Self:
        """So many unit-months expected and nothing else: adding it up costs next to nothing."""
        return cls(_NOTHING, _NO_BLANKS, 0, number)

    @classmethod
    def of_row(cls, values: Mapping[str, int | None], served: frozenset[str]) -> Self:
        """One row of one report: its values and the blanks in it."""
        return cls.of(values, blanks=blank_counts(values, served))

    @classmethod
    def total(cls, tallies: Iterable["Tally"]) -> Self:
        """All of them added up."""
        counted: list[Tally] = []
        reported = expected = 0
        for tally in tallies:
            reported += tally.reported
            expected += tally.expected
            if tally.numbers is not _NOTHING:
                counted.append(tally)
        return cls(_numbers(counted), _lacks(counted), reported, expected, _estimated(counted))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally.total((self, other))

    def counting(self, *, opens: bool, closes: bool) -> "Tally":
        """The same without what it opens or closes with, where that is counted with another unit's report."""
        if opens and closes:
            return self
        numbers, lacks = list(self.numbers), list(self.lacks)
        for counted, measures, whole in ((opens, OPENING, "opening"), (closes, CLOSING, "pending")):
            if not counted:
                for name in measures:
                    numbers[_PLACES[name]] = None
                lacks[_WHOLES.index(whole)] = 0
        return replace(self, numbers=tuple(numbers), lacks=tuple(lacks))

    def get(self, name: str) -> int | None:
        """A measure, or a sum of its reported parts; None only when nobody reported any. Raises KeyError."""
        if name in SUMS:
            return sum_reported(self.values[part] for part in SUMS[name])
        return self.values[name]


def sum_reported(parts: Iterable[int | None]) -> int | None:
    """The sum of what is reported; None only when nothing is."""
    parts = tuple(parts)
    if None in parts or not parts:
        parts = [part for part in parts if part is not None]
    return sum(parts) if parts else None


def blank_counts(values: Mapping[str, int | None], served: frozenset[str]) -> dict[str, int]:
    """For one row: 1 for each whole of which a served part was left blank, else 0."""
    return {
        whole: int(any(part in served and values.get(part) is None for part in parts))
        for whole, parts in WHOLES.items()
    }


def period_tally(monthly: Iterable[tuple[Month | None, Tally]], period: Period) -> Tally:
    """The figures of a period from those of its months; months outside it are ignored.

    What flows is summed. What was carried over is that of the first month, and what is still open that of the
    last: both are states, and where their month is not reported they are unknown. Their blanks go with them.
    A month may be given in several parts. Without a month: a part that is of the period already, by the same rules.
    """
    # Compared as whole numbers: a country's rows ask this thousands of times.
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
        # Of one month, or of the period already.
        return Tally(_numbers(counted), _lacks(counted), reported, expected, _estimated(counted))
    numbers, lacks = list(_numbers(counted)), list(_lacks(counted))
    for states, measures, whole in ((in_first, OPENING, "opening"), (in_last, CLOSING, "pending")):
        for place in map(_PLACES.__getitem__, measures):
            numbers[place] = sum_reported([tally.numbers[place] for tally in states])
        lacks[_WHOLES.index(whole)] = sum([tally.lacks[_WHOLES.index(whole)] for tally in states])
    return Tally(tuple(numbers), tuple(lacks), reported, expected, _estimated(counted))


# Shared by all tallies that only expect.
_NOTHING: tuple[int | None, ...] = (None,) * len(MEASURES)
_NO_BLANKS: tuple[int, ...] = (0,) * len(WHOLES)
_PLACES = {name: place for place, name in enumerate(MEASURES)}
_WHOLES = tuple(WHOLES)


def _numbers(tallies: list[Tally]) -> tuple[int | None, ...]:
    """All of them added up, a column at a time: thousands make a country."""
    if len(tallies) < 2:
        return tallies[0].numbers if tallies else _NOTHING
    return tuple(map(_column, zip(*[tally.numbers for tally in tallies], strict=True)))


def _column(numbers: tuple[int | None, ...]) -> int | None:
    # Of most measures all are reported, and of some nobody ever reports one.
    try:
        return sum(numbers)
    except TypeError:
        return sum_reported(numbers)


def _estimated(tallies: list[Tally]) -> bool:
    return any(tally.estimated for tally in tallies)


def _lacks(tallies: list[Tally]) -> tuple[int, ...]:
    if len(tallies) < 2:
        return tallies[0].lacks if tallies else _NO_BLANKS
    return tuple(map(sum, zip(*[tally.lacks for tally in tallies], strict=True)))
