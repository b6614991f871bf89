"""Which fields a unit reports in a month, through which channels, and with which procedures."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from figures.measures import CHANNELS, served_measures
from figures.periods import Calendar, Month
from records.models import Field, SwitchedGroup
from units.models import Unit

from .cache import CatalogueRow, catalogue_rows

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
