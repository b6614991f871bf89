"""How a saving is written: in plain SQL, since clerks save a hundred times as often as anybody does anything else."""

import json
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection

from records.models import DossierCount, Edition
from records.queries.rows import COLUMNS

_COUNT = ("edition_id", "field_id", "procedure_id", "answered", "reason", *COLUMNS)
_WRITTEN = ("answered", "reason", *COLUMNS)
SAVED = ("revision", "saved_at", "saved_by", *COLUMNS)
SENT = ("state", "sent_at", "sent_by", "sender_id", "return_reason", "marked_cells", *COLUMNS)
_ADD_WRITER = """INSERT INTO records_edition_writers (edition_id, user_id) VALUES (%s, %s)
ON CONFLICT (edition_id, user_id) DO NOTHING"""


def write_counts(rows: list[DossierCount]) -> None:
    """Store rows of an edition, those that are new and those that changed; two statements at most."""
    new, changed = [row for row in rows if row.pk is None], [row for row in rows if row.pk is not None]
    with connection.cursor() as cursor:
        if new:
            cursor.execute(_insert(len(new)), [value for row in new for value in _values(row, _COUNT)])
            # Both databases answer in the order in which the rows were given; Django counts on it too.
            for row, (number,) in zip(new, cursor.fetchall(), strict=True):
                row.pk = number
                row._state.adding = False
        if changed:
            columns = ("id", *_COUNT)
            cursor.execute(
                _replace(len(changed)), [value for row in changed for value in _values(row, columns)]
            )


def update_edition(edition: Edition, columns: tuple[str, ...]) -> None:
    """Store what a saving (SAVED) or a sending (SENT) changes of it, the sums of its rows among it."""
    values = [_adapted(getattr(edition, name)) for name in columns]
    with connection.cursor() as cursor:
        cursor.execute(_update(columns), [*values, edition.pk])


def add_writer(edition: Edition, person: int) -> None:
    """Keep that the person of this number wrote a value in the edition."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_WRITER, [edition.pk, person])


def _adapted(value: Any) -> Any:
    """A value as Django would hand it over."""
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


def _values(one: Any, columns: tuple[str, ...]) -> list[Any]:
    return [getattr(one, name) for name in columns]
