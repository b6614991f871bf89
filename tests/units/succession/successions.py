"""Old units close and successors open or are there, as `import_successions` after `import_units` leaves them: without
what is below them, and with several old and several new ones at will. What people do is
units.lifecycle.restructuring.merge_units and split.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db import transaction

from accounts.models import User
from core.dates import day_before
from units.lifecycle.actions import close_units, open_unit
from units.lifecycle.derived_tables import refresh_histories_at_end
from units.lifecycle.successor_links import RecordedLinks, SuccessionLink, add_successions
from units.models import Unit
from units.tree.rules import UnitDraft, may_close


@dataclass(frozen=True)
class Part:
    """What a successor is: an existing unit or a draft to open, and the share of the old unit that it takes over."""

    unit: Unit | UnitDraft
    share: Fraction = Fraction(1)


def succeed(
    old_units: Sequence[Unit], new: Unit, on: date, *, by: User | None, basis: str = ""
) -> RecordedLinks:
    """The old units go over wholly into one new unit. Errors: see `add_successions`."""
    return add_successions([SuccessionLink(old, new, on) for old in old_units], by=by, basis=basis)


@transaction.atomic
def replace(
    old_units: Sequence[Unit], parts: Sequence[Part], on: date, *, by: User | None, basis: str = ""
) -> list[Unit]:
    """Close the old units, open their successors and record who follows whom. `on` is the first day of the new; their
    drafts start then. Returns the successors.

    Errors: Refused. Several old units and several new ones at once are refused by the sums of the shares.
    """
    still_open = [unit for unit in old_units if may_close(unit, day_before(on))]
    with refresh_histories_at_end():
        if still_open:
            close_units(still_open, day_before(on), by=by, basis=basis)
        new = [part.unit if isinstance(part.unit, Unit) else open_unit(part.unit, by=by) for part in parts]
    old = list(Unit.objects.filter(pk__in=[unit.pk for unit in old_units]).order_by("pk"))
    links = [
        SuccessionLink(one, unit, on, part.share)
        for one in old
        for unit, part in zip(new, parts, strict=True)
    ]
    add_successions(links, by=by, basis=basis)
    return new
