"""A unit as a row tuple. Instantiating hundreds of `Unit` objects is slow."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from units.models import UnitKind, UnitQuerySet, key_on


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
        return key_on(self.code, self.active_until, day)

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
