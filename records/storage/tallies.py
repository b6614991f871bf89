"""Database columns as tallies of figures/, and back; the one place that pairs the two lists of names."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Case, Sum, Value, When

from figures.measures import CLOSING, MEASURES, OPENING, WHOLES
from figures.tally import Tally, blank_counts

BLANK_COLUMNS: Mapping[str, str] = {whole: f"blank_{whole}" for whole in WHOLES}
TALLY_COLUMNS: tuple[str, ...] = (*MEASURES, *BLANK_COLUMNS.values())
_MEASURED = len(MEASURES)


class IntegerSum(Sum):
    """A sum of whole numbers that the database itself gives as one: Django would convert each, and PostgreSQL answers
    with a decimal.
    """

    def get_db_converters(self, connection):
        """None that this class adds."""
        return self.output_field.get_db_converters(connection)

    def as_postgresql(self, compiler, connection, **context):
        """In SQL for PostgreSQL."""
        return self.as_sql(compiler, connection, template="%(function)s(%(expressions)s)::bigint", **context)


# Columns of a submission (records.aggregates.handover): whether what its report opens and closes with counts in sums.
HANDOVER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "opens": (*OPENING, BLANK_COLUMNS["opening"]),
    "closes": (*CLOSING, BLANK_COLUMNS["pending"]),
}


def counted_columns(submission: str | None = None) -> dict[str, str | Case]:
    """Every column as it counts. `submission`: the path to it ("submission__"), where reports are told together that
    units may have handed over to each other.
    """
    found: dict[str, str | Case] = {name: name for name in TALLY_COLUMNS}
    if submission is not None:
        found |= _handover_cases({flag: {f"{submission}{flag}": True} for flag in HANDOVER_COLUMNS})
    return found


def column_sums(submission: str | None = None) -> dict[str, Sum]:
    """Aggregates of every column as it counts, for `.annotate(**totals())`: NULL where nobody reported."""
    return {f"sum_{name}": IntegerSum(column) for name, column in counted_columns(submission).items()}


def period_sums(month: str, first: int, last: int, submission: str | None = None) -> dict[str, Sum]:
    """The same over all months of a period (numbers of its first and last; `month` is the column) as
    figures.tally.period_tally tells it: what was carried over is of the first month, what is still open of the last.
    """
    only: dict[str, dict[str, Any]] = {"opens": {month: first}, "closes": {month: last}}
    if submission is not None:
        only = {flag: which | {f"{submission}{flag}": True} for flag, which in only.items()}
    return column_sums() | {
        f"sum_{name}": IntegerSum(column) for name, column in _handover_cases(only).items()
    }


def _handover_cases(only: Mapping[str, Mapping[str, Any]]) -> dict[str, Case]:
    return {
        name: Case(
            When(**only[flag], then=name), default=Value(0) if name in BLANK_COLUMNS.values() else None
        )
        for flag, names in HANDOVER_COLUMNS.items()
        for name in names
    }


def tally_of(columns: Mapping[str, int | None], reported: int = 0, expected: int = 0) -> Tally:
    """A tally from the columns of a count, an edition or a group sum."""
    return Tally(
        tuple(columns[name] for name in MEASURES),
        tuple(columns[column] or 0 for column in BLANK_COLUMNS.values()),
        reported,
        expected,
    )


def tally_from_values(numbers: Sequence[int | None], reported: int = 0) -> Tally:
    """A tally from values in the order of COLUMNS, which hold no NULL but among the measures."""
    # Of a tuple a slice is one already: of a country's rows no number is copied twice.
    return Tally(tuple(numbers[:_MEASURED]), tuple(numbers[_MEASURED:]), reported)


def columns_of_tally(tally: Tally) -> dict[str, int | None]:
    """The columns that hold a tally."""
    return {**tally.values, **{column: tally.blanks[whole] for whole, column in BLANK_COLUMNS.items()}}


def measures_of_row(row: Any) -> dict[str, int | None]:
    """The measures of a model instance."""
    return {name: getattr(row, name) for name in MEASURES}


def set_measures(row: Any, values: Mapping[str, int | None], served: frozenset[str]) -> None:
    """Set the measures of a count (None for those not named) and what follows from them: blanks and `answered`."""
    for name in MEASURES:
        setattr(row, name, values.get(name))
    blanks = blank_counts(values, served)
    for whole, column in BLANK_COLUMNS.items():
        setattr(row, column, blanks[whole])
    row.answered = any(values.get(name) is not None for name in MEASURES)


def set_tally_columns(target: Any, tally: Tally) -> None:
    """Set the measured columns of an edition or a group sum."""
    for name, value in columns_of_tally(tally).items():
        setattr(target, name, value)
