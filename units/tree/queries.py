"""Queries of units: by code on a day, children, predecessors and successors; units as row tuples, since
instantiating hundreds of `Unit` objects is slow.
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
    """A row of `values_list(*UnitRow._fields)` of units with `with_until()`."""

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
    # The last day on which the unit itself reports, if any.
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

    def expected_to_report(self, start: date, end: date) -> bool:
        """As `Unit.expected_to_report`."""
        return self.reports and self.active_from <= end and (self.until is None or self.until >= start)


def unit_rows(units: UnitQuerySet) -> Iterator[UnitRow]:
    """The units as rows, unordered."""
    return (UnitRow(*row) for row in units.order_by().with_until().values_list(*UnitRow._fields))


class CodeIndex:
    """Looks up units by code and day in memory: one query for a whole file, none if `units` are passed."""

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
        """All units that ever have the code, the earliest first."""
        return self._holders.get(canonical_text(code), [])


def split_code(text: str) -> tuple[str, date | None]:
    """Split CODE or CODE@2022-06-30 into code and day. Errors: ValueError (Vietnamese) for an invalid day."""
    code, sign, day = canonical_text(text).partition("@")
    return code.strip(), parse_day(day) if sign else None


def unit_key(code: str, first: date) -> str:
    """A permanent key for files: code and first day, which `split_code` reads."""
    return f"{code}@{first.isoformat()}"


def code_holder(units: Iterable[Unit], day: date, *, strict: bool) -> Unit | None:
    """Of units with the same code, sorted by first day, the one active on `day`. Unless `strict`, falls back to the
    last one before `day`, then to the first one after it.
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
    """Lock the unit against deletion until the end of the transaction; False if it no longer exists.

    PostgreSQL takes this lock for a foreign key only when the row is written; SQLite has one writer at a time anyway.
    """
    if connection.vendor != "postgresql":
        return Unit.objects.filter(pk=unit.pk).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM units_unit WHERE id = %s FOR KEY SHARE", [unit.pk])
        return cursor.fetchone() is not None


def key_on(unit: Unit, day: date) -> str:
    """The unit's key in an address read on `day`: CODE, or CODE@date where it does not have the code that day."""
    return f"{unit.code}@{unit.active_from}" if unit.active_from > day else unit.key_on(day)


def resolve_code(text: str, on: date) -> Unit | None:
    """The unit that CODE names on `on`, with the fallbacks of `code_holder`; CODE@2022-06-30: the one that had the code
    that day, or None. Errors: ValueError for an invalid day.
    """
    code, day = split_code(text)
    units = Unit.objects.filter(code=code).order_by("active_from")
    return code_holder(units, on if day is None else day, strict=day is not None)


def children_of(unit: Unit, start: date, end: date) -> UnitQuerySet:
    """Units directly below that exist on at least one day of start..end, by name."""
    return Unit.objects.filter(parent=unit).active_within(start, end).order_by("tier", "folded", "pk")


def search_units(text: str) -> UnitQuerySet:
    """Units whose name contains the text (ignoring case and diacritics) or whose code begins with it."""
    text = canonical_text(text)
    if not text:
        return Unit.objects.all()
    return Unit.objects.filter(Q(folded__contains=fold(text)) | Q(code__istartswith=text))


def predecessors_of(unit: Unit) -> list[Succession]:
    return list(unit.predecessors.select_related("old"))


def successors_of(unit: Unit) -> list[Succession]:
    return list(unit.successors.select_related("new"))
