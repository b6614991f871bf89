"""Where people go when their unit is succeeded: their roles follow into one successor, and stay in the old unit, whose
last month and corrections are theirs (docs/decisions/0022).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction

from django.db.models import Q

from units.models import Membership, Unit, User

from .people import Denied, add_membership


def successor_for_people(old: Unit, parts: Iterable[tuple[str, Fraction]]) -> str:
    """The code of the only successor; of several, given by code and share, the one that keeps the code, else the one
    that takes most, the first of equals.
    """
    parts = list(parts)
    kept = [code for code, _ in parts if code == old.code]
    return kept[0] if kept else max(parts, key=lambda part: part[1])[0]


def follow(old: Unit, new: Unit, on: date, *, by: User | None) -> list[Membership]:
    """Each role for as long as it lasts in the old unit; one that begins later does so in the new one."""
    followed = []
    for one in roles_of([old], on).order_by("user", "role", "valid_from", "pk"):
        since, until = max(one.valid_from, on), one.valid_until
        try:
            followed.append(add_membership(one.user, new, one.role, since, by=by, valid_until=until))
        except Denied:
            # Somebody has the role there already.
            continue
    return followed


def roles_of(olds: Sequence[Unit], on: date):
    """The roles that people have in these units themselves on a day or later."""
    still = Q(valid_until=None) | Q(valid_until__gte=on)
    found = Membership.objects.filter(still, unit__in=[unit.pk for unit in olds], user__is_active=True)
    return found.select_related("user", "unit")
