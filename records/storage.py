"""Writes counts to the database and reads them as tallies, in plain SQL on hot paths. The only module that maps columns
to the names of figures/.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models import Case, Sum, Value, When

from core import database
from figures.measures import CLOSING, MEASURES, OPENING, WHOLES
from figures.tally import Tally, blank_counts

from .models import CaseRow, DossierCount, Edition, Submission

BLANK_COLUMNS: Mapping[str, str] = {whole: f"blank_{whole}" for whole in WHOLES}
TALLY_COLUMNS: tuple[str, ...] = (*MEASURES, *BLANK_COLUMNS.values())
_MEASURED = len(MEASURES)


class IntegerSum(Sum):
    """A Sum that PostgreSQL casts to bigint (else a decimal), without Django's conversion of values."""

    def get_db_converters(self, connection):
        """Those of the output field only."""
        return self.output_field.get_db_converters(connection)

    def as_postgresql(self, compiler, connection, **context):
        """The sum with its cast."""
        return self.as_sql(compiler, connection, template="%(function)s(%(expressions)s)::bigint", **context)


# Flag of a submission (records.stored_sums.group_sums) → the columns that count in sums only where it is set.
HANDOVER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "opens": (*OPENING, BLANK_COLUMNS["opening"]),
    "closes": (*CLOSING, BLANK_COLUMNS["pending"]),
}


def counted_columns(submission: str | None = None) -> dict[str, str | Case]:
    """Expressions of every column. `submission`: the lookup path to it ("submission__") where reports of several units
    are summed, which may have handed over to each other.
    """
    columns: dict[str, str | Case] = {name: name for name in TALLY_COLUMNS}
    if submission is not None:
        columns |= _handover_cases({flag: {f"{submission}{flag}": True} for flag in HANDOVER_COLUMNS})
    return columns


def column_sums(submission: str | None = None) -> dict[str, Sum]:
    """Aggregates of every column, for `.annotate(**column_sums())`: NULL where nobody reported."""
    return {f"sum_{name}": IntegerSum(column) for name, column in counted_columns(submission).items()}


def period_sums(month: str, first: int, last: int, submission: str | None = None) -> dict[str, Sum]:
    """Aggregates over a period from `first` to `last` (YYYYMM; `month` is the column), as figures.tally.period_tally
    has them: openings of the first month, closings of the last.
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


def tally_of(columns: Mapping[str, int | None], reported: int = 0) -> Tally:
    """A tally from the columns of a count, an edition or a group sum."""
    return Tally(
        tuple(columns[name] for name in MEASURES),
        tuple(columns[column] or 0 for column in BLANK_COLUMNS.values()),
        reported,
    )


def tally_from_values(values: Sequence[int | None], reported: int = 0) -> Tally:
    """A tally from values in the order of TALLY_COLUMNS; only measures may be None."""
    # Slices of a tuple are tuples already: no second copy.
    return Tally(tuple(values[:_MEASURED]), tuple(values[_MEASURED:]), reported)


def columns_of_tally(tally: Tally) -> dict[str, int | None]:
    """{column: value} of a tally."""
    return {**tally.values, **{column: tally.blanks[whole] for whole, column in BLANK_COLUMNS.items()}}


def measures_of_row(row: Any) -> dict[str, int | None]:
    """The measures of a model instance."""
    return {name: getattr(row, name) for name in MEASURES}


def set_measures(row: Any, values: Mapping[str, int | None], served: frozenset[str]) -> None:
    """Set the measures of a count (None for those not named), its blanks and `answered`."""
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


_COUNT = ("edition_id", "field_id", "procedure_id", "answered", "reason", *TALLY_COLUMNS)
_WRITTEN = ("answered", "reason", *TALLY_COLUMNS)
SAVED_COLUMNS = ("revision", "saved_at", "saved_by", *TALLY_COLUMNS)
SENT_COLUMNS = ("state", "sent_at", "sent_by", "sender_id", "return_reason", "marked_cells", *TALLY_COLUMNS)
_ADD_WRITER = """INSERT INTO records_edition_writers (edition_id, user_id) VALUES (%s, %s)
ON CONFLICT (edition_id, user_id) DO NOTHING"""


def write_counts(rows: list[DossierCount]) -> None:
    """Store new and changed rows of an edition; two statements at most."""
    new, changed = [row for row in rows if row.pk is None], [row for row in rows if row.pk is not None]
    with connection.cursor() as cursor:
        if new:
            cursor.execute(_insert(len(new)), [value for row in new for value in _values_of_row(row, _COUNT)])
            # Both databases return the ids in the order of the rows; Django relies on it too.
            for row, (pk,) in zip(new, cursor.fetchall(), strict=True):
                row.pk = pk
                row._state.adding = False
        if changed:
            columns = ("id", *_COUNT)
            cursor.execute(
                _replace(len(changed)), [value for row in changed for value in _values_of_row(row, columns)]
            )


def update_edition(edition: Edition, columns: tuple[str, ...]) -> None:
    """Store the changes of a saving (SAVED_COLUMNS) or a sending (SENT_COLUMNS)."""
    values = [_adapted(getattr(edition, name)) for name in columns]
    with connection.cursor() as cursor:
        cursor.execute(_update(columns), [*values, edition.pk])


def add_writer(edition: Edition, person: int) -> None:
    """Record that the person (user id) wrote a value in the edition."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_WRITER, [edition.pk, person])


def _adapted(value: Any) -> Any:
    """The value for the database driver, as Django would convert it."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return json.dumps(value) if isinstance(value, list) else value


@cache
def _update(columns: tuple[str, ...]) -> str:
    changes = ", ".join(f"{name} = %s" for name in columns)
    return " ".join(["UPDATE records_edition SET", changes, "WHERE id = %s"])


@cache
def _insert(rows: int) -> str:
    return f"{_values_of(_COUNT, rows)} RETURNING id"


@cache
def _replace(rows: int) -> str:
    changes = ", ".join(f"{name} = excluded.{name}" for name in _WRITTEN)
    return f"{_values_of(('id', *_COUNT), rows)} ON CONFLICT (id) DO UPDATE SET {changes}"


def _values_of(columns: tuple[str, ...], rows: int) -> str:
    row = f"({', '.join(['%s'] * len(columns))})"
    into = f"records_dossiercount ({', '.join(columns)})"
    return " ".join(["INSERT INTO", into, "VALUES", ", ".join([row] * rows)])


def _values_of_row(row: Any, columns: tuple[str, ...]) -> list[Any]:
    return [getattr(row, name) for name in columns]


# From this many new rows on, the tables are analyzed at once.
ANALYZE_FROM_ROWS = 500
# Far below the databases' limits of parameters.
_EDITIONS_PER_QUERY = 500
COUNT_FIELDS = ("edition_id", "field_id", "procedure_id", "answered", "reason", *TALLY_COLUMNS)
CASE_FIELDS = (
    "file_id", "row", "code", "field_id", "procedure_id", "channel", "received", "due", "ended", "returned_by", "state",
)  # fmt: skip
_EDITION_FIELDS = tuple(
    field.attname for field in Edition._meta.local_concrete_fields if not field.primary_key
)


def insert_counts(rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of DossierCount given as tuples in the order of COUNT_FIELDS, in the caller's transaction."""
    with connection.cursor() as cursor:
        inserted = _bulk_insert(cursor, DossierCount, COUNT_FIELDS, rows)
    if inserted >= ANALYZE_FROM_ROWS:
        # With old statistics the planner joins row by row for the sums, and the next file takes minutes.
        database.analyze_tables(Submission, Edition, DossierCount)


def insert_editions(editions: Sequence[Edition]) -> None:
    """Insert new editions, at most one of a submission, in the caller's transaction, and set their ids.

    Django's bulk_create prepares each of thirty values separately, which took a fifth of a large file's time.
    """
    prepare = [_field_adapter(Edition._meta.get_field(name)) for name in _EDITION_FIELDS]
    rows = (
        [
            change(getattr(edition, name)) if change else getattr(edition, name)
            for name, change in zip(_EDITION_FIELDS, prepare, strict=True)
        ]
        for edition in editions
    )
    with connection.cursor() as cursor:
        _bulk_insert(cursor, Edition, _EDITION_FIELDS, rows)
    for start in range(0, len(editions), _EDITIONS_PER_QUERY):
        batch = {
            (edition.submission_id, edition.number): edition
            for edition in editions[start : start + _EDITIONS_PER_QUERY]
        }
        stored = Edition.objects.filter(submission__in=[submission for submission, _ in batch])
        for pk, submission, number in stored.values_list("pk", "submission", "number"):
            if (submission, number) in batch:
                batch[submission, number].pk, batch[submission, number]._state.adding = pk, False


def insert_cases(rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of CaseRow given as tuples in the order of CASE_FIELDS, with aware datetimes."""
    adapt = connection.ops.adapt_datetimefield_value
    first, last = CASE_FIELDS.index("received"), CASE_FIELDS.index("ended") + 1
    adapted = ((*row[:first], *map(adapt, row[first:last]), *row[last:]) for row in rows)
    with connection.cursor() as cursor:
        _bulk_insert(cursor, CaseRow, CASE_FIELDS, adapted)


def _bulk_insert(
    cursor: Any, model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Insert rows whose values need no conversion for the driver; returns how many."""
    quote = connection.ops.quote_name
    into = f"{quote(model._meta.db_table)} ({', '.join(map(quote, names))})"
    if connection.vendor != "postgresql":
        marks = ", ".join(["%s"] * len(names))
        cursor.executemany(" ".join(["INSERT INTO", into, "VALUES", f"({marks})"]), rows)
        return cursor.rowcount
    # An empty value is NULL, or an empty text in a column that is not nullable.
    texts = ", ".join(quote(name) for name in names if not model._meta.get_field(name).null)
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    cursor.copy_expert(f"COPY {into} FROM STDIN WITH (FORMAT csv, NULL '', FORCE_NOT_NULL ({texts}))", text)
    return cursor.rowcount


def _field_adapter(field: models.Field) -> Callable[[Any], Any] | None:
    """Converts values of the field for the driver; None where no conversion is needed."""
    if isinstance(field, models.JSONField):
        return json.dumps
    return connection.ops.adapt_datetimefield_value if isinstance(field, models.DateTimeField) else None
