"""Several units become one, with everything below them: what belonged to an old unit goes on under the new one."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.db.models import Q

from units.models import Kind, Unit, User, fold
from units.tree import Draft, day_before

from .restructuring import MERGED, Done, Heir, Plan, restructure
from .splitting import again


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
    """What a merger opens, who goes over into what, and what ends without a successor (docs/decisions/0022).

    A unit below an old one closes and opens again under the new one, with its code, name and kind. Offices of the same
    name (and bodies outside the committee) become one under the code of the first; with `offices_end` the offices end.
    """
    code = draft.unit().code
    drafts, heirs = [draft], [Heir(old, code) for old in olds]
    ending: list[Unit] = []
    places = {old.pk: code for old in olds}  # number of an old unit → code of what it became
    alike: dict[tuple[str, str, str], str] = {}
    for unit in _below(olds, on):
        if unit.parent_id not in places or (offices_end and unit.kind == Kind.OFFICE):
            ending.append(unit)
            continue
        above = places[unit.parent_id]
        same = alike.setdefault(_name(unit, above), unit.code) if unit.kind != Kind.COMMITTEE else unit.code
        places[unit.pk] = same
        heirs.append(Heir(unit, same))
        if same == unit.code:
            drafts.append(again(unit, on, above))
    return Plan(tuple(drafts), tuple(heirs), tuple(ending))


def _below(olds: Sequence[Unit], on: date) -> Iterator[Unit]:
    """Everything below the old units that goes on until the day, from the top down."""
    still = Q(active_until=None) | Q(active_until__gt=day_before(on))
    chosen = [old.pk for old in olds]
    for old in olds:
        if old.has_children:
            found = Unit.objects.under(old).exclude(pk__in=chosen).filter(still, active_from__lt=on)
            yield from found.order_by("depth", "folded", "pk")


def _name(unit: Unit, above: str) -> tuple[str, str, str]:
    return above, unit.kind, fold(unit.name)
