"""Where a unit of a list lies, in templates: `{{ unit|told_by:lies }}`."""

from django import template

from units.models import Unit
from units.whereabouts import Whereabouts

register = template.Library()


@register.filter
def told_by(unit: Unit, lies: Whereabouts) -> str:
    """Its province and last day, as `Whereabouts.told` has it."""
    return lies.told(unit)
