"""Who answers for a unit that is over: its successor, also for corrections of its months (docs/decisions/0022)."""

from datetime import date
from fractions import Fraction
from typing import NamedTuple

from .compiled import Compiled
from .models import Inherited, Unit


class Successor(NamedTuple):
    """The unit that answers: its number and place in the tree."""

    pk: int
    path: str


_ends = Compiled(
    lambda unit, day: (
        Inherited.objects.filter(source=unit, whole=False, since__lte=day, until__gte=day)
        .order_by("heir")
        .values_list("heir", "heir__path", "heir__code", "share")
    ),
    int,
    date,
)


def successor_of(unit: Unit, day: date) -> Successor | None:
    """On a day, along the whole chain: of several the one that keeps the code, else the one that took most, the first
    of equals. None for a unit that is not over, or ended without one. One query at most.
    """
    if not unit.is_over(day):
        return None
    ends = _ends(unit.pk, day)
    if not ends:
        return None
    kept = [end for end in ends if end[2] == unit.code]
    number, path, *_ = (kept or sorted(ends, key=lambda end: -Fraction(end[3])))[0]
    return Successor(number, path)
