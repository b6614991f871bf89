"""Questions about units: who holds a code on a day, who is below whom, who came before and after; units as
row tuples, since instantiating hundreds of `Unit` objects is slow.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from core.dates import parse_day
from core.text import canonical_text, fold
from units.models import Succession, Unit, UnitKind, UnitQuerySet
from units.models import key_on as models_key_on


class UnitRow(NamedTuple):
    """Rows of `values_list(*LightUnit._fields)` of units with `with_until()`."""

    pk: int
    code: str
    name: str
    folded: str
    path: str
    tier: str
    kind: str
    reports: bool
    active_from: date
    active_until: date | None
    # The last day on which it reports itself, where there is one.
    until: date | None

    @property
    def external(self) -> bool:
        """As `Unit.external`."""
        return self.kind == UnitKind.EXTERNAL

    def key_on(self, day: date) -> str:
        """As `Unit.key_on`."""
        return models_key_on(self.code, self.active_until, day)

    @property
    def reporting_ends(self) -> date | None:
        """As `Unit.reporting_ends`."""
        return self.until

    def owes(self, start: date, end: date) -> bool:
        """As `Unit.owes`."""
        return self.reports and self.active_from <= end and (self.until is None or self.until >= start)


def unit_rows(units: UnitQuerySet) -> Iterator[UnitRow]:
    """These units, in no order."""
    return (UnitRow(*row) for row in units.order_by().with_until().values_list(*UnitRow._fields))


class CodeIndex:
    """Who holds a code on a day, answered from memory: one query for a whole file (or none, from given units)."""

    def __init__(self, units: Iterable[Unit] | None = None):
        self._holders: dict[str, list[Unit]] = defaultdict(list)
        for unit in Unit.objects.order_by("active_from") if units is None else units:
            self._holders[canonical_text(unit.code)].append(unit)
        for holders in self._holders.values():
            holders.sort(key=lambda unit: unit.active_from)

    def resolve(self, text: str, on: date) -> Unit | None:
        """See `resolve`."""
        code, day = split_code(text)
        return code_holder(self._holders.get(code, ()), on if day is None else day, strict=day is not None)

    def holders(self, code: str) -> list[Unit]:
        """Everyone who ever holds the code, the earliest first."""
        return self._holders.get(canonical_text(code), [])


def split_code(text: str) -> tuple[str, date | None]:
    """CODE or CODE@2022-06-30 as code and day. Errors: ValueError (Vietnamese) for a day that is none."""
    code, sign, day = canonical_text(text).partition("@")
    return code.strip(), parse_day(day) if sign else None


def unit_key(code: str, first: date) -> str:
    """How files that outlive today name a unit for good: its code and first day, which `split_code` reads."""
    return f"{code}@{first.isoformat()}"


def code_holder(units: Iterable[Unit], day: date, *, strict: bool) -> Unit | None:
    """Of units with one code, sorted by first day: the one that is active on `day`; unless `strict` else the last one
    up to then, else the first later one.
    """
    before = later = None
    for unit in units:
        if unit.active_from <= day:
            if not unit.is_over(day):
                return unit
            before = unit
        elif later is None:
            later = unit
    return None if strict else before or later


def lock_unit(unit: Unit) -> bool:
    """Whether the unit is still there, and then to the end of the transaction: undoing what opened it waits. It is the
    lock of a foreign key, which PostgreSQL else takes at the end; on SQLite nobody writes meanwhile.
    """
    if connection.vendor != "postgresql":
        return Unit.objects.filter(pk=unit.pk).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM units_unit WHERE id = %s FOR KEY SHARE", [unit.pk])
        return cursor.fetchone() is not None


def key_on(unit: Unit, day: date) -> str:
    """How a unit stands in an address that is read on a day: with a day of its own where it does not hold its code."""
    return f"{unit.code}@{unit.active_from}" if unit.active_from > day else unit.key_on(day)


def resolve_code(text: str, on: date) -> Unit | None:
    """CODE is the unit that holds the code on `on` (the end of a period), nobody then: its last holder up to then, else
    the first later one; CODE@2022-06-30 is the one that held it that day, or None. Errors: ValueError for a bad day.
    """
    code, day = split_code(text)
    units = Unit.objects.filter(code=code).order_by("active_from")
    return code_holder(units, on if day is None else day, strict=day is not None)


def children_of(unit: Unit, start: date, end: date) -> UnitQuerySet:
    """Units directly below that exist on at least one day of start..end, by name."""
    return Unit.objects.filter(parent=unit).active_within(start, end).order_by("tier", "folded", "pk")


def search_units(text: str) -> UnitQuerySet:
    """Units whose name contains the text (capitals and diacritics do not matter) or whose code begins with it."""
    text = canonical_text(text)
    if not text:
        return Unit.objects.all()
    return Unit.objects.filter(Q(folded__contains=fold(text)) | Q(code__istartswith=text))


def predecessors_of(unit: Unit) -> list[Succession]:
    return list(unit.predecessors.select_related("old"))


def successors_of(unit: Unit) -> list[Succession]:
    return list(unit.successors.select_related("new"))
