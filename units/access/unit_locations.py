"""Where the units of a list lie: their province, for readers who see several, and the last day of closed
units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db.models import QuerySet

from accounts.models import User
from core.dates import format_day
from units.models import Tier, Unit, UnitKind, subtree
from units.succession.positions import stands_within

from .queries import memberships_of, visible_units

# The parameter of an address that narrows a list to one province: its number.
PROVINCE_PARAMETER = "tinh"
_WIDE = (Tier.COUNTRY, Tier.PROVINCE)


@dataclass(frozen=True)
class UnitLocations:
    """What a list read on `day` tells of its units. `provinces` by number: those that the reader has to tell apart,
    none where there is but one; `chosen`: the one that the list is narrowed to.
    """

    day: date
    provinces: Mapping[int, Unit] = field(default_factory=dict)
    chosen: Unit | None = None

    @property
    def choices(self) -> list[Unit]:
        """The provinces of the day by name; none where there is nothing to choose."""
        there = [province for province in self.provinces.values() if not province.is_over(self.day)]
        return there if len(there) > 1 else []

    @property
    def query(self) -> str:
        """What keeps the choice in an address: "?tinh=5", or nothing."""
        return f"?{PROVINCE_PARAMETER}={self.chosen.pk}" if self.chosen else ""

    def province(self, unit: Unit) -> Unit | None:
        """The one above the unit, where provinces are told apart."""
        above = (self.provinces.get(number) for number in reversed(unit.ancestor_ids()))
        return next((one for one in above if one), None)

    def told(self, unit: Unit) -> str:
        """ "tỉnh Hà Nam, đến 30/6/2025": the province, unless it is the chosen one, and the last day; or nothing."""
        province = self.province(unit)
        said = [province.name] if province and province != self.chosen else []
        if unit.is_over(self.day):
            said.append(f"đến {format_day(unit.active_until)}")
        return ", ".join(said)

    def narrow(self, units: QuerySet[Unit]) -> QuerySet[Unit]:
        """Those of the chosen province, with what is over and stands there (units.succession.positions)."""
        return units.filter(stands_within(subtree(self.chosen.path), self.day)) if self.chosen else units


def unit_locations(user: User, day: date, since: date, asked: str | None = None) -> UnitLocations:
    """For a list of what the user may read that goes back to `since`; `asked` is the number of a province as text,
    anything else narrows nothing. One query, none for who has no role at a province or above.
    """
    roles = memberships_of(user, day)
    if not any(role.unit.kind == UnitKind.COMMITTEE and role.unit.tier in _WIDE for role in roles):
        return UnitLocations(day)
    # By what is above them, which an index tells, and put in order here: else PostgreSQL may go through all units.
    provinces = visible_units(user, day).filter(parent__in=Unit.objects.filter(parent=None).values("pk"))
    provinces = provinces.filter(tier=Tier.PROVINCE, kind=UnitKind.COMMITTEE).order_by()
    found = {one.pk: one for one in sorted(provinces, key=lambda province: (province.folded, province.pk))}
    if sum(not one.is_over(since) for one in found.values()) < 2:
        return UnitLocations(day)
    known = UnitLocations(day, found)
    return UnitLocations(
        day, found, next((choice for choice in known.choices if str(choice.pk) == asked), None)
    )
