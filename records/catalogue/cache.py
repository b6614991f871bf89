"""The rows of the catalogue, cached per process until one of them changes."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from records.models import Field, FieldScope, GroupSwitch, Procedure, ProcedureScope

CATALOGUE_TABLES = (
    Field,
    Procedure,
    FieldScope,
    FieldScope.units.through,
    ProcedureScope,
    ProcedureScope.units.through,
    GroupSwitch,
)


@dataclass(frozen=True)
class CatalogueRow:
    """One catalogue row with the numbers of the units it lists (empty: all of the tier)."""

    target: int
    tier: str
    channels: frozenset[str]
    start: date
    end: date
    units: frozenset[int]

    def fits(self, tier: str, unit: int, start: date, end: date) -> bool:
        return (
            self.start <= end
            and start <= self.end
            and (not self.tier or self.tier == tier)
            and (not self.units or unit in self.units)
        )


@dataclass(frozen=True)
class CatalogueRows:
    """What the catalogue holds, and the units that any row lists; shared by all who ask: nothing in it is changed."""

    fields: dict[int, Field]
    procedures: dict[int, Procedure]
    field_rows: list[CatalogueRow]
    procedure_rows: list[CatalogueRow]
    listed: frozenset[int]
    switches: dict[
        tuple[int, str], list[tuple[int, bool]]
    ]  # (unit, group) → from which month on, asked or not
    # What records.catalogue.queries worked out of these rows, by cut-off rules.
    worked_out: dict[Any, tuple[dict, dict]] = field(default_factory=dict)


_kept: tuple[tuple, CatalogueRows] | None = None


def catalogue_rows() -> CatalogueRows:
    """The rows as they are now: one query, and six more where they have changed since this process last asked."""
    global _kept
    kept, mark = _kept, _fingerprint()
    if kept and kept[0] == mark:
        return kept[1]
    found = _read()
    # Somebody's change between the two may have been read or not.
    if _fingerprint() == mark:
        _kept = mark, found
    return found


def _read() -> CatalogueRows:
    field_rows, procedure_rows = _rows(FieldScope, "field_id"), _rows(ProcedureScope, "procedure_id")
    return CatalogueRows(
        {one.pk: one for one in Field.objects.all()},
        {one.pk: one for one in Procedure.objects.all()},
        field_rows,
        procedure_rows,
        frozenset().union(*(row.units for row in field_rows + procedure_rows)),
        _switches(),
    )


def _switches() -> dict[tuple[int, str], list[tuple[int, bool]]]:
    found: dict[tuple[int, str], list[tuple[int, bool]]] = defaultdict(list)
    rows = GroupSwitch.objects.order_by("first_month")
    for unit, group, first, asked in rows.values_list("unit_id", "group", "first_month", "asked"):
        found[unit, group].append((first, asked))
    return dict(found)


def _fingerprint() -> tuple:
    """What is another as soon as one value of one row is: the rows as text on SQLite, their MD5 on PostgreSQL."""
    of_table = _rows_as_text if connection.vendor == "sqlite" else _digest
    with connection.cursor() as cursor:
        cursor.execute(" ".join(["SELECT", ", ".join(of_table(model) for model in CATALOGUE_TABLES)]))
        return cursor.fetchone()


def _rows_as_text(model: Any) -> str:
    columns = ", ".join(connection.ops.quote_name(one.column) for one in model._meta.concrete_fields)
    ordered = " ".join(["SELECT", columns, "FROM", model._meta.db_table, "ORDER BY id"])
    return " ".join([f"(SELECT json_group_array(json_array({columns}))", "FROM", f"({ordered}))"])


def _digest(model: Any) -> str:
    return " ".join(
        ["(SELECT md5(string_agg(one::text, ',' ORDER BY id))", "FROM", f"{model._meta.db_table} one)"]
    )


def _rows(scope: Any, target: str) -> list[CatalogueRow]:
    listed: dict[int, set[int]] = defaultdict(set)
    rows: dict[int, tuple] = {}
    columns = scope.objects.order_by("pk").values_list(
        "pk", target, "tier", "channels", "valid_from", "valid_until", "units"
    )
    for pk, *row, unit in columns:
        rows[pk] = tuple(row)
        if unit is not None:
            listed[pk].add(unit)
    return [
        CatalogueRow(what, tier, frozenset(channels.split()), start, end or date.max, frozenset(listed[pk]))
        for pk, (what, tier, channels, start, end) in rows.items()
    ]
