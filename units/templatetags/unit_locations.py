"""Province and last day of a unit in templates: `{{ unit|location_in:lies }}`."""

from django import template

from units.access.unit_locations import UnitLocations
from units.models import Unit

register = template.Library()


@register.filter
def location_in(unit: Unit, locations: UnitLocations) -> str:
    """As `UnitLocations.label`."""
    return locations.label(unit)
