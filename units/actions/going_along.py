"""What is below a unit that closes goes on under its successor; both mergers and splits ask here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from django.db.models import Q

from units.models import Kind, Unit, fold
from units.tree import Draft, day_before

from .restructuring import Heir


def again(unit: Unit, on: date, above: Unit | str | None) -> Draft:
    """The same unit once more from a day on, under its own parent or another one."""
    tier = "" if unit.kind == Kind.OFFICE else unit.tier
    return Draft(unit.code, unit.name, unit.kind, tier, on, None, above, unit.reports_declared)


@dataclass(frozen=True)
class Along:
    """What opens below the new units, who goes over into what, and what has no place there."""

    drafts: list[Draft]
    heirs: list[Heir]
    ending: list[Unit]


def going_along(
    olds: Sequence[Unit],
    on: date,
    *,
    under: Mapping[int, str],
    assigned: Mapping[int, str] | None = None,
    divided: Mapping[int, Sequence[tuple[str, Fraction]]] | None = None,
    offices_end: bool = False,
) -> Along:
    """A unit below an old one closes and opens again, with its code, name and kind (docs/decisions/0022), under the
    code that its own number has in `assigned`, else what was above it in `under` or by this rule. What has neither has
    no place, nor has what is below it.

    Offices of the same name (and bodies outside the committee) that come under one unit become one under the code of
    the first; with `offices_end` the offices end. What stands in `divided`, by its number, goes on under each of these
    codes with a share: under the first with its own code, under another with that of the part at its end.
    """
    drafts: list[Draft] = []
    heirs: list[Heir] = []
    ending: list[Unit] = []
    places = dict(under)  # number of an old unit → code of what it became
    alike: dict[tuple[str, str, str], str] = {}
    for unit in _below(olds, on):
        above = (assigned or {}).get(unit.pk) or places.get(unit.parent_id)
        parts = (divided or {}).get(unit.pk) or ([(above, Fraction(1))] if above else [])
        if not parts or (offices_end and unit.kind == Kind.OFFICE):
            ending.append(unit)
            continue
        for at, (above, share) in enumerate(parts):
            own = f"{unit.code}-{above}" if at else unit.code
            name = above, unit.kind, fold(unit.name)
            same = alike.setdefault(name, own) if unit.kind != Kind.COMMITTEE else own
            places[unit.pk] = same
            heirs.append(Heir(unit, same, share))
            if same == own:
                drafts.append(replace(again(unit, on, above), code=own))
    return Along(drafts, heirs, ending)


def _below(olds: Sequence[Unit], on: date) -> Iterator[Unit]:
    """Everything below the old units that goes on until the day, from the top down."""
    still = Q(active_until=None) | Q(active_until__gt=day_before(on))
    chosen = [old.pk for old in olds]
    for old in olds:
        if old.has_children:
            found = Unit.objects.under(old).exclude(pk__in=chosen).filter(still, active_from__lt=on)
            yield from found.order_by("depth", "folded", "pk")
