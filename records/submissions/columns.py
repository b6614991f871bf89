"""The columns of a month as page and form show them: groups, order and short names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from django.utils.text import capfirst

from figures.measures import AFTER, APART, CATALOGUE, MAIN, group_measures, online_labels
from figures.measures import COLUMN_GROUPS as measures_COLUMN_GROUPS


class ServedRow(Protocol):
    """A row: which measures may hold a number in it, and what stands there."""

    served: frozenset[str]
    values: Mapping[str, int | None]


@dataclass(frozen=True)
class ColumnGroup:
    """Columns under one head; `whole` names their sum, shown after them."""

    title: str
    measures: tuple[str, ...]
    whole: str = ""

    @property
    def width(self) -> int:
        """Number of columns, the sum included."""
        return len(self.measures) + bool(self.whole)


def _of(place: str) -> tuple[ColumnGroup, ...]:
    return tuple(
        ColumnGroup(group.title, group_measures(group.key), group.total)
        for group in measures_COLUMN_GROUPS
        if group.place == place
    )


# Before the balance of a row, after it, and in a table of their own.
MAIN_GROUPS, AFTER_GROUPS, APART_GROUPS = _of(MAIN), _of(AFTER), _of(APART)
COLUMN_GROUPS = (*MAIN_GROUPS, *AFTER_GROUPS)


def column_heads(day: date, groups: Sequence[ColumnGroup]) -> tuple[tuple[ColumnGroup, tuple[str, ...]], ...]:
    """Groups with the short names of their columns, the online levels as they were called on a day."""
    levels = {f"received_{level}": capfirst(label) for level, label in online_labels(day).items()}
    short = {measure.name: measure.head for measure in CATALOGUE} | levels
    return tuple((group, tuple(short[name] for name in group.measures)) for group in groups)


def has_column(rows: Iterable[ServedRow], measures: Iterable[str]) -> bool:
    """Whether any row serves, or holds, one of the measures: a group of columns that is switched off is not there."""
    names = tuple(measures)
    return any(name in row.served or row.values[name] is not None for row in rows for name in names)
