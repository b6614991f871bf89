"""Adds to the units of a list their province, for readers who see several, and the last day of closed units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.db.models import QuerySet

from accounts.models import User
from core.dates import format_day
from units.models import Tier, Unit, UnitKind, subtree
from units.succession.positions import stands_within

from .queries import memberships_of, visible_units

# The query parameter that filters a list by province (id).
PROVINCE_PARAMETER = "tinh"
_WIDE = (Tier.COUNTRY, Tier.PROVINCE)


@dataclass(frozen=True)
class UnitLocations:
    """`provinces` by id: empty if the reader sees only one. `chosen`: the province that the list is filtered by."""

    day: date
    provinces: Mapping[int, Unit] = field(default_factory=dict)
    chosen: Unit | None = None

    @property
    def choices(self) -> list[Unit]:
        """The provinces of the day by name; empty if there are fewer than two."""
        there = [province for province in self.provinces.values() if not province.is_over(self.day)]
        return there if len(there) > 1 else []

    @property
    def query(self) -> str:
        """The query string of the chosen province, "?tinh=5" or ""."""
        return f"?{PROVINCE_PARAMETER}={self.chosen.pk}" if self.chosen else ""

    def province(self, unit: Unit) -> Unit | None:
        """The province above the unit, if `provinces` has it."""
        above = (self.provinces.get(number) for number in reversed(unit.ancestor_ids()))
        return next((province for province in above if province), None)

    def label(self, unit: Unit) -> str:
        """ "tỉnh Hà Nam, đến 30/6/2025": the province, unless it is the chosen one, and the last day; or ""."""
        province = self.province(unit)
        parts = [province.name] if province and province != self.chosen else []
        if unit.is_over(self.day):
            parts.append(f"đến {format_day(unit.active_until)}")
        return ", ".join(parts)

    def narrow(self, units: QuerySet[Unit]) -> QuerySet[Unit]:
        """Filter by the chosen province, with closed units by position (units.succession.positions)."""
        return units.filter(stands_within(subtree(self.chosen.path), self.day)) if self.chosen else units


def unit_locations(user: User, day: date, since: date, province_id: str | None = None) -> UnitLocations:
    """For a list of visible units that goes back to `since`, filtered by `province_id` (text from the address; anything
    else is ignored). One query, none for users without a role at a province or above.
    """
    roles = memberships_of(user, day)
    if not any(role.unit.kind == UnitKind.COMMITTEE and role.unit.tier in _WIDE for role in roles):
        return UnitLocations(day)
    # By parent, which has an index, and sorted here: else PostgreSQL may scan all units.
    provinces = visible_units(user, day).filter(parent__in=Unit.objects.filter(parent=None).values("pk"))
    provinces = provinces.filter(tier=Tier.PROVINCE, kind=UnitKind.COMMITTEE).order_by()
    provinces_by_id = {
        unit.pk: unit for unit in sorted(provinces, key=lambda province: (province.folded, province.pk))
    }
    if sum(not province.is_over(since) for province in provinces_by_id.values()) < 2:
        return UnitLocations(day)
    locations = UnitLocations(day, provinces_by_id)
    return UnitLocations(
        day,
        provinces_by_id,
        next((choice for choice in locations.choices if str(choice.pk) == province_id), None),
    )
