"""Several units become one, with everything below them: what belonged to an old unit goes on under the new one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from units.models import Unit, User
from units.tree import Draft

from .going_along import going_along
from .restructuring import MERGED, Done, Heir, Plan, restructure


def merge(
    olds: Sequence[Unit],
    draft: Draft,
    on: date,
    *,
    by: User | None,
    basis: str,
    offices_end: bool = False,
) -> Done:
    """The old units close on the day before `on` and the new one opens, see `restructure`; what is below them goes over
    to it as `merger` says.

    Errors: Refused with every fault, and nothing is written.
    """
    plan = merger(olds, draft, on, offices_end=offices_end)
    return restructure(plan, on, by=by, basis=basis, action=MERGED)


def merger(olds: Sequence[Unit], draft: Draft, on: date, *, offices_end: bool = False) -> Plan:
    """What a merger opens, who goes over into what, and what ends without a successor: see `going_along`. The new unit
    reports as all old ones were declared to.
    """
    code = draft.unit().code
    declared = {old.reports_declared for old in olds}
    if len(declared) == 1:
        draft = replace(draft, reports_declared=declared.pop())
    along = going_along(olds, on, under={old.pk: code for old in olds}, offices_end=offices_end)
    heirs = [Heir(old, code) for old in olds]
    return Plan((draft, *along.drafts), (*heirs, *along.heirs), tuple(along.ending))
