"""A unit is divided by stated shares: among new units, and units that are there and take a part of it over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from units.models import Kind, Unit, User
from units.tree import Draft

from .restructuring import SPLIT, Done, Heir, Plan, restructure


@dataclass(frozen=True)
class Share:
    """A part of the old unit. `taken_by`: the unit that takes it over and goes on as the draft; None for a new one."""

    draft: Draft
    share: Fraction
    taken_by: Unit | None = None


def again(unit: Unit, on: date, above: Unit | str | None) -> Draft:
    """The same unit once more from a day on, under its own parent or another one."""
    tier = "" if unit.kind == Kind.OFFICE else unit.tier
    return Draft(unit.code, unit.name, unit.kind, tier, on, None, above, unit.reports_declared)


def split(old: Unit, shares: Sequence[Share], on: date, *, by: User | None, basis: str) -> Done:
    """The old unit closes on the day before `on`, and what it was goes over by shares, see `restructure`.

    Errors: Refused with every fault, and nothing is written: the shares do not add up to exactly 1, a unit that closes
    has others below it.
    """
    return restructure(splitting(old, shares), on, by=by, basis=basis, action=SPLIT)


def splitting(old: Unit, shares: Sequence[Share]) -> Plan:
    """What a split opens and who goes over into what. Who takes a part over closes too, and goes over wholly into the
    unit under its own code: no unit changes what it is in the middle of its life.
    """
    heirs = [Heir(old, one.draft.unit().code, one.share) for one in shares]
    heirs += [Heir(one.taken_by, one.draft.unit().code) for one in shares if one.taken_by is not None]
    drafts = tuple(one.draft for one in shares)
    return Plan(drafts, tuple(heirs), named=len(drafts))
