"""Which fields and procedures a unit reports in a month, and through which channels; cached per process until a row
of the catalogue changes.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from figures.measures import CHANNELS, served_measures
from figures.periods import Calendar, Month
from units.models import Unit

from .models import Field, FieldScope, GroupSwitch, Procedure, ProcedureScope, SwitchedGroup

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
    """One scope of a field or procedure; `units`: ids of the listed units (empty: all of the tier)."""

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
    """The whole catalogue. Shared by all requests: do not modify. `listed`: units that any row lists."""

    fields: dict[int, Field]
    procedures: dict[int, Procedure]
    field_rows: list[CatalogueRow]
    procedure_rows: list[CatalogueRow]
    listed: frozenset[int]
    switches: dict[tuple[int, str], list[tuple[int, bool]]]  # (unit, group) → [(first month, on)]
    # By calendar: the caches of Catalogue.
    computed: dict[Any, tuple[dict, dict]] = field(default_factory=dict)


_cached: tuple[tuple, CatalogueRows] | None = None


def catalogue_rows() -> CatalogueRows:
    """The current rows: one query, and six more where they changed since this process last read them."""
    global _cached
    cached, mark = _cached, _fingerprint()
    if cached and cached[0] == mark:
        return cached[1]
    rows = _read_rows()
    # Rows that changed while they were read are not cached.
    if _fingerprint() == mark:
        _cached = mark, rows
    return rows


def _read_rows() -> CatalogueRows:
    field_rows, procedure_rows = _rows(FieldScope, "field_id"), _rows(ProcedureScope, "procedure_id")
    return CatalogueRows(
        {entry.pk: entry for entry in Field.objects.all()},
        {entry.pk: entry for entry in Procedure.objects.all()},
        field_rows,
        procedure_rows,
        frozenset().union(*(row.units for row in field_rows + procedure_rows)),
        _switches(),
    )


def _switches() -> dict[tuple[int, str], list[tuple[int, bool]]]:
    switches: dict[tuple[int, str], list[tuple[int, bool]]] = defaultdict(list)
    rows = GroupSwitch.objects.order_by("first_month")
    for unit, group, first, is_on in rows.values_list("unit_id", "group", "first_month", "asked"):
        switches[unit, group].append((first, is_on))
    return dict(switches)


def _fingerprint() -> tuple:
    """Changes with any value of any row: the rows as text on SQLite, their MD5 on PostgreSQL."""
    of_table = _rows_as_text if connection.vendor == "sqlite" else _digest
    with connection.cursor() as cursor:
        cursor.execute(" ".join(["SELECT", ", ".join(of_table(model) for model in CATALOGUE_TABLES)]))
        return cursor.fetchone()


def _rows_as_text(model: Any) -> str:
    columns = ", ".join(
        connection.ops.quote_name(concrete_field.column) for concrete_field in model._meta.concrete_fields
    )
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


ALL_CHANNELS = frozenset(CHANNELS)
# Cached results by tier, month and listed unit.
_MAX_CACHED = 20_000


@dataclass(frozen=True)
class ReportedField:
    """A field that a unit reports in a month: the served measures, for the field and by procedure id."""

    field_id: int
    served: frozenset[str]
    procedures: dict[int, frozenset[str]] = field(default_factory=dict)


class UnitFields(dict[int, ReportedField]):
    """{field id: ReportedField} of a unit and month in catalogue order. `off`: the measures of switched-off column
    groups. Shared by all requests: do not modify.
    """

    off: frozenset[str] = frozenset()


class Catalogue:
    """The whole catalogue in memory: a fixed number of queries, whatever the number of units, months and fields."""

    def __init__(self, days: Calendar) -> None:
        self.days = days
        rows = catalogue_rows()
        self.fields, self.procedures = rows.fields, rows.procedures
        self.field_rows, self.procedure_rows = rows.field_rows, rows.procedure_rows
        self.undivided = next(pk for pk, entry in self.fields.items() if entry.code == Field.UNDIVIDED)
        self.listed, self.switches = rows.listed, rows.switches
        computed = rows.computed.setdefault(days, ({}, {}))
        if len(computed[0]) + len(computed[1]) > _MAX_CACHED:
            computed = rows.computed[days] = ({}, {})
        self._fields_cache: dict[tuple[str, int, Month], UnitFields] = computed[0]
        self._reduced_cache: dict[tuple[str, int, Month, frozenset[str]], UnitFields] = computed[1]

    def expected(self, unit: Unit, month: Month) -> UnitFields:
        """The fields that the unit reports, never empty, without the measures of switched-off column groups."""
        fields = self.expected_of(unit.tier, unit.pk, month)
        off = self.switched_off(unit, month)
        if not off:
            return fields
        key = (unit.tier, unit.pk if unit.pk in self.listed else 0, month, off)
        if key not in self._reduced_cache:
            self._reduced_cache[key] = _without_measures(fields, off)
        return self._reduced_cache[key]

    def switched_off(self, unit: Unit, month: Month) -> frozenset[str]:
        """The measures of switched-off groups. For each group the latest switch up to the month binds, of the unit or
        of the nearest unit above that has one.
        """
        if not self.switches:
            return frozenset()
        near = (unit.pk, *reversed(unit.ancestor_ids()))
        off: set[str] = set()
        for group in SwitchedGroup:
            switches = (self._latest_switch(unit_id, group, month) for unit_id in near)
            if next((is_on for is_on in switches if is_on is not None), True) is False:
                off.update(group.measures)
        return frozenset(off)

    def _latest_switch(self, unit: int, group: str, month: Month) -> bool | None:
        switches = [is_on for first, is_on in self.switches.get((unit, group), ()) if first <= month.number]
        return switches[-1] if switches else None

    def expected_of(self, tier: str, unit: int, month: Month) -> UnitFields:
        """The fields of a unit by tier and id, switched-off groups included; id 0: any unit that no row lists."""
        # Units that no row lists share one answer per tier and month.
        key = (tier, unit if unit in self.listed else 0, month)
        if key not in self._fields_cache:
            self._fields_cache[key] = self._compute(*key)
        return self._fields_cache[key]

    def undivided_entry(self) -> ReportedField:
        """The field `chung`, which every unit may report instead of its fields."""
        return ReportedField(self.undivided, served_measures(ALL_CHANNELS))

    def _compute(self, tier: str, unit: int, month: Month) -> UnitFields:
        span = self.days.span(month)
        fields = _channels(self.field_rows, tier, unit, span.start, span.end)
        procedures = _channels(self.procedure_rows, tier, unit, span.start, span.end)
        by_field: dict[int, dict[int, frozenset[str]]] = defaultdict(dict)
        for procedure, channels in procedures.items():
            by_field[self.procedures[procedure].field_id][procedure] = channels
        reported = UnitFields()
        for field_id in self.fields:
            if field_id in fields or field_id in by_field:
                reported[field_id] = _reported_field(
                    field_id, fields.get(field_id), by_field.get(field_id, {})
                )
        return reported or UnitFields({self.undivided: self.undivided_entry()})


# A row within an edition: field id, and procedure id where the field is reported by procedure.
RowKey = tuple[int, int | None]


def served_in_row(expected: UnitFields, catalogue: Catalogue, key: RowKey) -> frozenset[str]:
    """The measures that may have a number in a row; none where the unit does not report the field.

    Every unit may report `chung`. A procedure without a scope for the unit has the measures of its field.
    """
    field, procedure = key
    entry = expected.get(field)
    if entry is None:
        served = catalogue.undivided_entry().served if field == catalogue.undivided else frozenset()
        return served - expected.off
    return entry.procedures.get(procedure, entry.served) if procedure else entry.served


def _without_measures(fields: UnitFields, off: frozenset[str]) -> UnitFields:
    less = UnitFields(
        (
            field_id,
            ReportedField(
                field_id, entry.served - off, {key: theirs - off for key, theirs in entry.procedures.items()}
            ),
        )
        for field_id, entry in fields.items()
    )
    less.off = off
    return less


def _reported_field(
    field_id: int, own: frozenset[str] | None, procedures: dict[int, frozenset[str]]
) -> ReportedField:
    """A field has its own channels; without a scope of its own, those of its procedures. A procedure without channels
    has those of its field.
    """
    if own is not None:
        channels = own or ALL_CHANNELS
    elif all(procedures.values()):
        channels = frozenset().union(*procedures.values())
    else:
        channels = ALL_CHANNELS
    inherited = own or ALL_CHANNELS
    return ReportedField(
        field_id,
        served_measures(channels),
        {procedure: served_measures(theirs or inherited) for procedure, theirs in procedures.items()},
    )


def _channels(
    rows: list[CatalogueRow], tier: str, unit: int, start: date, end: date
) -> dict[int, frozenset[str]]:
    """{target: the channels of all matching rows}; empty where a row does not restrict them."""
    channels: dict[int, frozenset[str]] = {}
    for row in rows:
        if row.fits(tier, unit, start, end):
            before = channels.get(row.target, row.channels)
            channels[row.target] = before | row.channels if before and row.channels else frozenset()
    return channels
