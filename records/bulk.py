"""Many rows into the database at once: COPY on PostgreSQL, one prepared statement on SQLite."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, models

from ledger import planner
from records.models import CaseRow, DossierCount, Edition, Submission
from records.queries.rows import COLUMNS

# From so many new rows on, a database that plans by statistics is told of them at once.
MANY = 500
# So many editions are found again in a query, far below what a database takes as parameters.
_FOUND_AT_ONCE = 500
COUNT_FIELDS = ("edition_id", "field_id", "procedure_id", "answered", "reason", *COLUMNS)
CASE_FIELDS = (
    "file_id", "row", "code", "field_id", "procedure_id", "channel", "received", "due", "ended", "returned_by", "state",
)  # fmt: skip
_EDITION_FIELDS = tuple(
    field.attname for field in Edition._meta.local_concrete_fields if not field.primary_key
)


def insert_counts(rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of DossierCount given as tuples in the order of COUNT_FIELDS, in the caller's transaction."""
    with connection.cursor() as cursor:
        inserted = _insert(cursor, DossierCount, COUNT_FIELDS, rows)
    if inserted >= MANY:
        # Else what was just written is joined row by row when its sums are made, and the next file takes minutes.
        planner.tell(Submission, Edition, DossierCount)


def insert_editions(editions: Sequence[Edition]) -> None:
    """Insert new editions, at most one of a submission, in the caller's transaction, and give them their numbers.

    Django's bulk_create prepares each of their thirty values by itself, which took a fifth of a large file's time.
    """
    prepare = [_prepared(Edition._meta.get_field(name)) for name in _EDITION_FIELDS]
    rows = (
        [
            change(getattr(one, name)) if change else getattr(one, name)
            for name, change in zip(_EDITION_FIELDS, prepare, strict=True)
        ]
        for one in editions
    )
    with connection.cursor() as cursor:
        _insert(cursor, Edition, _EDITION_FIELDS, rows)
    for start in range(0, len(editions), _FOUND_AT_ONCE):
        some = {(one.submission_id, one.number): one for one in editions[start : start + _FOUND_AT_ONCE]}
        stored = Edition.objects.filter(submission__in=[submission for submission, _ in some])
        for pk, submission, number in stored.values_list("pk", "submission", "number"):
            if (submission, number) in some:
                some[submission, number].pk, some[submission, number]._state.adding = pk, False


def insert_cases(rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of CaseRow given as tuples in the order of CASE_FIELDS, moments aware."""
    adapt = connection.ops.adapt_datetimefield_value
    first, last = CASE_FIELDS.index("received"), CASE_FIELDS.index("ended") + 1
    adapted = ((*row[:first], *map(adapt, row[first:last]), *row[last:]) for row in rows)
    with connection.cursor() as cursor:
        _insert(cursor, CaseRow, CASE_FIELDS, adapted)


def _insert(
    cursor: Any, model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Insert rows whose values the driver takes as they are; returns how many."""
    quote = connection.ops.quote_name
    into = f"{quote(model._meta.db_table)} ({', '.join(map(quote, names))})"
    if connection.vendor != "postgresql":
        marks = ", ".join(["%s"] * len(names))
        cursor.executemany(" ".join(["INSERT INTO", into, "VALUES", f"({marks})"]), rows)
        return cursor.rowcount
    # Emptiness is NULL, but in a column that knows none, which then is a text.
    texts = ", ".join(quote(name) for name in names if not model._meta.get_field(name).null)
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    cursor.copy_expert(f"COPY {into} FROM STDIN WITH (FORMAT csv, NULL '', FORCE_NOT_NULL ({texts}))", text)
    return cursor.rowcount


def _prepared(field: models.Field) -> Callable[[Any], Any] | None:
    """How a value of the field is written for the driver; None where it is written as it is."""
    if isinstance(field, models.JSONField):
        return json.dumps
    return connection.ops.adapt_datetimefield_value if isinstance(field, models.DateTimeField) else None
