"""Which fields a unit reports in a month, through which channels, and with which procedures.

The rows are cached per process until one of them changes.
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
    # What records.catalogue worked out of these rows, by cut-off rules.
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
# Answers that are remembered: of every tier, month and unit that a row lists.
_MAX_CACHED = 20_000


@dataclass(frozen=True)
class ReportedField:
    """A field that a unit reports in a month: what may hold a number, in all and by procedure (id → measures)."""

    field_id: int
    served: frozenset[str]
    procedures: dict[int, frozenset[str]] = field(default_factory=dict)


class UnitFields(dict[int, ReportedField]):
    """What a unit reports in a month, by field number in the order of the catalogue. `off`: the measures of groups of
    columns that it is not asked for. Shared by all who ask: nothing in it is changed.
    """

    off: frozenset[str] = frozenset()


class Catalogue:
    """The whole catalogue in memory: a fixed number of queries, whatever the number of units, months and fields."""

    def __init__(self, days: Calendar) -> None:
        self.days = days
        rows = catalogue_rows()
        self.fields, self.procedures = rows.fields, rows.procedures
        self.field_rows, self.procedure_rows = rows.field_rows, rows.procedure_rows
        self.undivided = next(pk for pk, one in self.fields.items() if one.code == Field.UNDIVIDED)
        self.listed, self.switches = rows.listed, rows.switches
        # Kept as long as the rows themselves.
        worked_out = rows.worked_out.setdefault(days, ({}, {}))
        if len(worked_out[0]) + len(worked_out[1]) > _MAX_CACHED:
            worked_out = rows.worked_out[days] = ({}, {})
        self._known: dict[tuple[str, int, Month], UnitFields] = worked_out[0]
        self._without: dict[tuple[str, int, Month, frozenset[str]], UnitFields] = worked_out[1]

    def expected(self, unit: Unit, month: Month) -> UnitFields:
        """Never empty; without the groups of columns that the unit is not asked for."""
        found = self.expected_of(unit.tier, unit.pk, month)
        off = self.switched_off(unit, month)
        if not off:
            return found
        key = (unit.tier, unit.pk if unit.pk in self.listed else 0, month, off)
        if key not in self._without:
            self._without[key] = _without(found, off)
        return self._without[key]

    def switched_off(self, unit: Unit, month: Month) -> frozenset[str]:
        """The measures of switched-off groups. The unit itself or the nearest one above that has said anything about a
        group up to the month binds, with what it said last.
        """
        if not self.switches:
            return frozenset()
        near = (unit.pk, *reversed(unit.ancestor_ids()))
        off: set[str] = set()
        for group in SwitchedGroup:
            said = (self._said(number, group, month) for number in near)
            if next((asked for asked in said if asked is not None), True) is False:
                off.update(group.measures)
        return frozenset(off)

    def _said(self, unit: int, group: str, month: Month) -> bool | None:
        said = [asked for first, asked in self.switches.get((unit, group), ()) if first <= month.number]
        return said[-1] if said else None

    def expected_of(self, tier: str, unit: int, month: Month) -> UnitFields:
        """The fields of a unit known by tier and number, whatever groups of columns are switched off; number 0 is any
        unit that no row lists.
        """
        # Units that no row lists share one answer per tier and month.
        key = (tier, unit if unit in self.listed else 0, month)
        if key not in self._known:
            self._known[key] = self._work_out(*key)
        return self._known[key]

    def undivided_entry(self) -> ReportedField:
        """`chung`, which every unit may report instead of its fields."""
        return ReportedField(self.undivided, served_measures(ALL_CHANNELS))

    def _work_out(self, tier: str, unit: int, month: Month) -> UnitFields:
        span = self.days.span(month)
        fields = _channels(self.field_rows, tier, unit, span.start, span.end)
        procedures = _channels(self.procedure_rows, tier, unit, span.start, span.end)
        by_field: dict[int, dict[int, frozenset[str]]] = defaultdict(dict)
        for procedure, channels in procedures.items():
            by_field[self.procedures[procedure].field_id][procedure] = channels
        found = UnitFields()
        for number in self.fields:
            if number in fields or number in by_field:
                found[number] = _entry(number, fields.get(number), by_field.get(number, {}))
        return found or UnitFields({self.undivided: self.undivided_entry()})


# A row within an edition: field number, and procedure number where the field is reported by procedure.
RowKey = tuple[int, int | None]


def served_in_row(expected: UnitFields, catalogue: Catalogue, key: RowKey) -> frozenset[str]:
    """The measures that may hold a number in a row; none where the unit does not report the field.

    `chung` is open to every unit. A procedure that the catalogue does not date for the unit has its field's.
    """
    field, procedure = key
    entry = expected.get(field)
    if entry is None:
        served = catalogue.undivided_entry().served if field == catalogue.undivided else frozenset()
        return served - expected.off
    return entry.procedures.get(procedure, entry.served) if procedure else entry.served


def _without(found: UnitFields, off: frozenset[str]) -> UnitFields:
    less = UnitFields(
        (
            number,
            ReportedField(
                number, one.served - off, {key: theirs - off for key, theirs in one.procedures.items()}
            ),
        )
        for number, one in found.items()
    )
    less.off = off
    return less


def _entry(number: int, own: frozenset[str] | None, procedures: dict[int, frozenset[str]]) -> ReportedField:
    """A field serves its own channels; without a row of its own, those of its procedures. A procedure that names
    no channels has those of its field.
    """
    if own is not None:
        channels = own or ALL_CHANNELS
    elif all(procedures.values()):
        channels = frozenset().union(*procedures.values())
    else:
        channels = ALL_CHANNELS
    inherited = own or ALL_CHANNELS
    return ReportedField(
        number,
        served_measures(channels),
        {one: served_measures(theirs or inherited) for one, theirs in procedures.items()},
    )


def _channels(
    rows: list[CatalogueRow], tier: str, unit: int, start: date, end: date
) -> dict[int, frozenset[str]]:
    """Target → the channels of all rows that fit, together; empty where a row leaves them to the default (all)."""
    found: dict[int, frozenset[str]] = {}
    for row in rows:
        if row.fits(tier, unit, start, end):
            before = found.get(row.target, row.channels)
            found[row.target] = before | row.channels if before and row.channels else frozenset()
    return found
