"""Old units close and successors open or are there, as `import_successions` after `import_units` leaves them: without
what is below them, and with several old and several new ones at will. What people do is units.actions.merge and split.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db import transaction

from units.actions import Link, add_successions, close_units, open_unit
from units.actions.derived import histories_later
from units.actions.succession import Linked
from units.lifetimes import may_close
from units.models import Unit, User
from units.tree import Draft, day_before


@dataclass(frozen=True)
class Part:
    """What a successor is: an existing unit or a draft to open, and the share of the old unit that it takes over."""

    unit: Unit | Draft
    share: Fraction = Fraction(1)


def succeed(old_units: Sequence[Unit], new: Unit, on: date, *, by: User | None, basis: str = "") -> Linked:
    """The old units go over wholly into one new unit. Errors: see `add_successions`."""
    return add_successions([Link(old, new, on) for old in old_units], by=by, basis=basis)


@transaction.atomic
def replace(
    old_units: Sequence[Unit], parts: Sequence[Part], on: date, *, by: User | None, basis: str = ""
) -> list[Unit]:
    """Close the old units, open their successors and record who follows whom. `on` is the first day of the new; their
    drafts start then. Returns the successors.

    Errors: Refused. Several old units and several new ones at once are refused by the sums of the shares.
    """
    still_open = [unit for unit in old_units if may_close(unit, day_before(on))]
    with histories_later():
        if still_open:
            close_units(still_open, day_before(on), by=by, basis=basis)
        new = [part.unit if isinstance(part.unit, Unit) else open_unit(part.unit, by=by) for part in parts]
    old = list(Unit.objects.filter(pk__in=[unit.pk for unit in old_units]).order_by("pk"))
    links = [Link(one, unit, on, part.share) for one in old for unit, part in zip(new, parts, strict=True)]
    add_successions(links, by=by, basis=basis)
    return new
