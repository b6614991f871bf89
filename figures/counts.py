"""Counts that can be added up without losing what was not reported.

In a ``Tally`` None means that nobody reported, which is not 0: None + 3 = 3 and None + None = None. What was left
blank inside a report is counted beside it, so that a share of an incomplete whole can say so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from figures.measures import CLOSING, FLOWS, MEASURES, OPENING, SUMS, WHOLES
from figures.periods import Month, Period


@dataclass(frozen=True)
class Tally:
    """Dossiers counted over some units, months and fields.

    ``values`` holds every measure (None: nobody reported it); ``blanks[whole]`` says in how many reported
    unit-month-fields a served part of that whole was left blank; ``reported`` of ``expected`` unit-months are in.
    Treat both mappings as read-only.
    """

    values: Mapping[str, int | None]
    blanks: Mapping[str, int]
    reported: int = 0
    expected: int = 0

    @classmethod
    def empty(cls) -> Self:
        """Nothing reported and nothing expected: the zero of addition."""
        return cls(dict.fromkeys(MEASURES), dict.fromkeys(WHOLES, 0))

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
            {name: values.get(name) for name in MEASURES},
            {whole: blanks.get(whole, 0) for whole in WHOLES},
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
        return cls.of(values, blanks=blanks_of(values, served))

    @classmethod
    def total(cls, tallies: Iterable["Tally"]) -> Self:
        """All of them added up."""
        values: dict[str, int | None] = dict.fromkeys(MEASURES)
        blanks = dict.fromkeys(WHOLES, 0)
        reported = expected = 0
        for tally in tallies:
            _add(values, tally, MEASURES)
            for whole in WHOLES:
                blanks[whole] += tally.blanks[whole]
            reported += tally.reported
            expected += tally.expected
        return cls(values, blanks, reported, expected)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally.total((self, other))

    def get(self, name: str) -> int | None:
        """A measure, or a sum of its reported parts; None only when nobody reported any. Raises KeyError."""
        if name in SUMS:
            return added(self.values[part] for part in SUMS[name])
        return self.values[name]


def added(parts: Iterable[int | None]) -> int | None:
    """The sum of what is reported; None only when nothing is."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def blanks_of(values: Mapping[str, int | None], served: frozenset[str]) -> dict[str, int]:
    """For one row: 1 for each whole of which a served part was left blank, else 0."""
    return {
        whole: int(any(part in served and values.get(part) is None for part in parts))
        for whole, parts in WHOLES.items()
    }


def over_period(monthly: Iterable[tuple[Month, Tally]], period: Period) -> Tally:
    """The figures of a period from those of its months; months outside it are ignored.

    What flows is summed. What was carried over is that of the first month, and what is still open that of the
    last: both are states, and where their month is not reported they are unknown. Their blanks go with them.
    A month may be given in several parts.
    """
    values: dict[str, int | None] = dict.fromkeys(MEASURES)
    blanks = dict.fromkeys(WHOLES, 0)
    reported = expected = 0
    # Compared as whole numbers: a country's rows ask this thousands of times.
    first, last = period.first.number, period.last.number
    within = (list(FLOWS), ["received", "returned", "resolved"])
    for month, tally in monthly:
        number = month.number
        if not first <= number <= last:
            continue
        reported += tally.reported
        expected += tally.expected
        if tally.values is _NOTHING:
            continue
        named, wholes = within
        if number == first:
            named, wholes = [*named, *OPENING], [*wholes, "opening"]
        if number == last:
            named, wholes = [*named, *CLOSING], [*wholes, "pending"]
        _add(values, tally, named)
        for whole in wholes:
            blanks[whole] += tally.blanks[whole]
    return Tally(values, blanks, reported, expected)


# Shared by all tallies that only expect; read-only like every mapping of a tally.
_NOTHING: Mapping[str, int | None] = dict.fromkeys(MEASURES)
_NO_BLANKS: Mapping[str, int] = dict.fromkeys(WHOLES, 0)


def _add(values: dict[str, int | None], tally: Tally, names: Iterable[str]) -> None:
    for name in names:
        more = tally.values[name]
        if more is not None:
            values[name] = (values[name] or 0) + more
