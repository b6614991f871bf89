"""Template context of every page."""

from django.conf import settings

from core import clock
from units.access.queries import home_unit, is_administrator, is_root_administrator


def page(request) -> dict:
    """Demo flag, today, the user's own unit, and whether the user administers units, or the top of the tree."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "demo": settings.DEMO,
        "today": clock.today(),
        "nav_unit": home_unit(user, clock.today()) if signed_in else None,
        "can_manage": signed_in and is_administrator(user, clock.today()),
        "can_set_rules": signed_in and is_root_administrator(user, clock.today()),
    }
