"""A unit is divided by stated shares: among new units, and units that are there and take a part of it over. A group is
divided by what is below it: each unit there goes on under one of the parts; an office may end, or go on in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from units.models import Unit, User
from units.tree import Draft, Refused, Wrong

from .going_along import going_along
from .restructuring import SPLIT, Done, Heir, Plan, restructure


@dataclass(frozen=True)
class Share:
    """A part of the old unit. `taken_by`: the unit that takes it over and goes on as the draft; None for a new one.
    `below`: the units directly below the old one that go on under this part. `there`: the unit that the draft is, where
    another act of the same day has opened it.
    """

    draft: Draft
    share: Fraction
    taken_by: Unit | None = None
    below: tuple[Unit, ...] = ()
    there: Unit | None = None


@dataclass(frozen=True)
class Offices:
    """Units directly below a group that is divided, without any below them, that go to no single part: those that go on
    in each part, and those that end.
    """

    divided: tuple[Unit, ...] = ()
    ending: tuple[Unit, ...] = ()


def split(
    old: Unit,
    shares: Sequence[Share],
    on: date,
    *,
    by: User | None,
    basis: str,
    offices: Offices = Offices(),
) -> Done:
    """The old unit closes on the day before `on`, and what it was goes over by shares, see `restructure`.

    Errors: Refused with every fault, and nothing is written: the shares do not add up to exactly 1, a unit below the
    old one goes nowhere.
    """
    return restructure(splitting(old, shares, on, offices), on, by=by, basis=basis, action=SPLIT)


def splitting(old: Unit, shares: Sequence[Share], on: date, offices: Offices = Offices()) -> Plan:
    """What a split opens and who goes over into what. Who takes a part over closes too, and goes over wholly, with all
    that is below it, into the unit under its own code: no unit changes what it is in the middle of its life. An office
    that goes on in each part is divided as the group is, and keeps its code where the group keeps its own.

    Errors: Refused where a unit below the old one is in no part.
    """
    codes = [(one, one.draft.unit().code) for one in shares]
    heirs = [Heir(old, code, one.share) for one, code in codes]
    takers = {one.taken_by: code for one, code in codes if one.taken_by is not None}
    heirs += [Heir(taker, code) for taker, code in takers.items()]
    kept_first = sorted(((code, one.share) for one, code in codes), key=lambda part: part[0] != old.code)
    # Who takes over comes first: of offices of one name theirs goes on.
    along = going_along(
        [*takers, old],
        on,
        under={taker.pk: code for taker, code in takers.items()},
        assigned={unit.pk: code for one, code in codes for unit in one.below},
        divided={unit.pk: kept_first for unit in offices.divided},
    )
    ends = {unit.pk for unit in offices.ending}
    lost = [unit.name for unit in along.ending if unit.parent_id == old.pk and unit.pk not in ends]
    if lost:
        message = f"Chưa chọn phần nhận đơn vị còn hoạt động đến ngày chia tách: {', '.join(lost)}."
        raise Refused([Wrong(0, "on", "not_assigned", message)])
    drafts = (*(one.draft for one in shares), *along.drafts)
    return Plan(drafts, (*heirs, *along.heirs), tuple(along.ending), named=len(shares))
