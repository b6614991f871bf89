"""Units that close and units that open in their place, in one act: mergers, splits, partial transfers. People follow by
rule, and the act is undone as one while nothing was entered on what it opened.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from django.db import transaction
from django.db.models import Q

from ledger import log
from units.lifetimes import may_close
from units.models import Kind, Membership, Unit, User
from units.signals import Opening
from units.tree import Draft, Refused, Wrong, day_before

from .closing import close_units
from .common import lock_tree, subject
from .derived import histories_later
from .following import successor_for_people
from .succession import Link, add_successions
from .tree import open_units

MERGED, SPLIT = "unit.merge", "unit.split"


@dataclass(frozen=True)
class Heir:
    """`share` of the old unit goes over to the draft of that code."""

    old: Unit
    code: str
    share: Fraction = Fraction(1)


@dataclass(frozen=True)
class Plan:
    """What opens, who goes over into what, and what ends without a successor. The first `named` drafts are those that
    the act is about: it is told in their log, and undone from their pages. Others are units below that go along.
    """

    drafts: tuple[Draft, ...]
    heirs: tuple[Heir, ...]
    ending: tuple[Unit, ...] = ()
    named: int = 1

    @property
    def olds(self) -> list[Unit]:
        """The units that close and have a successor, each once."""
        return list({heir.old.pk: heir.old for heir in self.heirs}.values())

    @property
    def closing(self) -> list[Unit]:
        """Every unit that closes."""
        return [*self.olds, *self.ending]

    @property
    def opening(self) -> list[Opening]:
        """What opens, with what it takes over."""
        parts: dict[str, list[tuple[Unit, Fraction]]] = defaultdict(list)
        for heir in self.heirs:
            parts[heir.code].append((heir.old, heir.share))
        return [Opening(draft.name, draft.tier, parts[draft.unit().code]) for draft in self.drafts]

    @property
    def reporting(self) -> int:
        """How many of what opens report every month: committees and offices without any below."""
        above = {draft.parent for draft in self.drafts if draft.kind != Kind.EXTERNAL}
        return sum(
            draft.kind != Kind.EXTERNAL
            and (draft.unit().code not in above if draft.reports_declared is None else draft.reports_declared)
            for draft in self.drafts
        )


@dataclass(frozen=True)
class Done:
    """The units that opened, the named ones first, and the roles that people got in them."""

    new: list[Unit]
    followed: list[Membership]


@transaction.atomic
def restructure(plan: Plan, on: date, *, by: User | None, basis: str, action: str) -> Done:
    """The old units close on the day before `on`, or have closed then; the drafts open, or are there since `on`; roles
    follow. Roles in the old units stay: their last month and corrections are the same people's (docs/decisions/0022).

    Errors: Refused with every fault, and nothing is written.
    """
    lock_tree()
    _may_go_over(plan.olds, on)
    lasted = {unit.pk: unit.active_until for unit in plan.olds}
    ended = {unit.pk: unit.active_until for unit in plan.ending}
    closing = [unit for unit in plan.closing if may_close(unit, day_before(on))]
    drafts = [replace(draft, active_from=on, legal_basis=basis) for draft in plan.drafts]
    with histories_later():
        if closing:
            close_units(closing, day_before(on), by=by, basis=basis)
        opened = open_units(drafts, by=by)
    codes = [draft.unit().code for draft in drafts]
    by_code = {unit.code: unit for unit in Unit.objects.filter(code__in=codes, active_from=on)}
    new = [by_code[code] for code in codes]
    opened_now = {unit.pk for unit in opened.new}
    olds = Unit.objects.in_bulk(lasted)
    links = [Link(olds[one.old.pk], by_code[one.code], on, one.share) for one in plan.heirs]
    followed = add_successions(links, by=by, basis=basis).followed
    detail = {
        "on": on,
        "basis": basis,
        "olds": [[pk, last] for pk, last in lasted.items()],
        "ended": [[pk, last] for pk, last in ended.items()],
        "news": [unit.pk for unit in new if unit.pk in opened_now],
        "joined": [unit.pk for unit in new if unit.pk not in opened_now],
        "members": [one.pk for one in followed],
    }
    for unit in new[: plan.named]:
        log.append(action, by=by, subject=subject(unit), detail=detail)
    return Done(new, followed)


def _may_go_over(olds: Sequence[Unit], on: date) -> None:
    """Each goes on until the day before, or ended then and nobody has followed it yet."""
    gone = Unit.objects.filter(pk__in=[unit.pk for unit in olds if unit.is_over(on)])
    over = gone.filter(Q(active_until__lt=day_before(on)) | Q(successors__isnull=False))
    names = list(over.order_by("folded").distinct().values_list("name", flat=True))
    if names or not olds:
        message = f"Đã hết hoạt động: {', '.join(names)}." if names else "Hãy chọn ít nhất một đơn vị cũ."
        raise Refused([Wrong(0, "olds", "closed", message)])


def followers(plan: Plan) -> Iterator[tuple[int, str]]:
    """Where the people of each old unit (by number) go: into the draft of a code."""
    for old in plan.olds:
        theirs = [(heir.code, heir.share) for heir in plan.heirs if heir.old.pk == old.pk]
        yield old.pk, successor_for_people(old, theirs)
