"""Where a unit of a list lies, in templates: `{{ unit|told_by:lies }}`."""

from django import template

from units.access.unit_locations import UnitLocations
from units.models import Unit

register = template.Library()


@register.filter
def told_by(unit: Unit, lies: UnitLocations) -> str:
    """Its province and last day, as `Whereabouts.told` has it."""
    return lies.told(unit)
