"""Close old units and open or link successors as `import_units` and `import_successions` do: without the units below,
any number of old and new ones. The pages use units.lifecycle.restructuring instead.
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
    """A successor: an existing unit or a draft to open, and its share of the old units."""

    unit: Unit | UnitDraft
    share: Fraction = Fraction(1)


def succeed(
    old_units: Sequence[Unit], new: Unit, on: date, *, by: User | None, basis: str = ""
) -> RecordedLinks:
    """Record one successor for all old units. Errors: see `add_successions`."""
    return add_successions([SuccessionLink(old, new, on) for old in old_units], by=by, basis=basis)


@transaction.atomic
def replace(
    old_units: Sequence[Unit], parts: Sequence[Part], on: date, *, by: User | None, basis: str = ""
) -> list[Unit]:
    """Close the old units, open their successors on `on` and record the links. Returns the successors.

    Errors: TreeRefused, also for several old and several new units at once (the shares do not add up).
    """
    still_open = [unit for unit in old_units if may_close(unit, day_before(on))]
    with refresh_histories_at_end():
        if still_open:
            close_units(still_open, day_before(on), by=by, basis=basis)
        new = [part.unit if isinstance(part.unit, Unit) else open_unit(part.unit, by=by) for part in parts]
    old = list(Unit.objects.filter(pk__in=[unit.pk for unit in old_units]).order_by("pk"))
    links = [
        SuccessionLink(predecessor, unit, on, part.share)
        for predecessor in old
        for unit, part in zip(new, parts, strict=True)
    ]
    add_successions(links, by=by, basis=basis)
    return new
