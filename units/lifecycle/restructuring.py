"""Mergers and splits: old units close, new ones open in their place, the units below and the roles follow by rule."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from core.dates import day_before
from core.text import fold
from ledger import log
from units.models import Membership, Unit, UnitKind
from units.people.actions import successor_for_people
from units.tree.rules import DraftFault, TreeRefused, UnitDraft, may_close

from .actions import close_units, open_units
from .derived_tables import lock_tree, refresh_histories_at_end, unit_subject
from .signals import UnitOpening
from .successor_links import SuccessionLink, add_successions

MERGED, SPLIT = "unit.merge", "unit.split"


@dataclass(frozen=True)
class SuccessorDraft:
    """`share` of the old unit goes to the draft with that code."""

    old: Unit
    code: str
    share: Fraction = Fraction(1)


@dataclass(frozen=True)
class RestructuringPlan:
    """What opens, which old units go into which drafts, and what closes without a successor. The first `named` drafts
    are those of the form: the change is logged for them and undone from their pages; the others are units below.
    """

    drafts: tuple[UnitDraft, ...]
    heirs: tuple[SuccessorDraft, ...]
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
    def opening(self) -> list[UnitOpening]:
        """What opens, with its predecessors."""
        parts: dict[str, list[tuple[Unit, Fraction]]] = defaultdict(list)
        for heir in self.heirs:
            parts[heir.code].append((heir.old, heir.share))
        return [UnitOpening(draft.name, draft.tier, parts[draft.unit().code]) for draft in self.drafts]

    @property
    def reporting(self) -> int:
        """How many of the new units report every month: committees and offices without units below."""
        above = {draft.parent for draft in self.drafts if draft.kind != UnitKind.EXTERNAL}
        return sum(
            draft.kind != UnitKind.EXTERNAL
            and (draft.unit().code not in above if draft.reports_declared is None else draft.reports_declared)
            for draft in self.drafts
        )


@dataclass(frozen=True)
class RestructuringResult:
    """The units that opened, the named ones first, and the roles copied to them."""

    new: list[Unit]
    followed: list[Membership]


@transaction.atomic
def restructure(
    plan: RestructuringPlan, on: date, *, by: User | None, basis: str, action: str
) -> RestructuringResult:
    """Close the old units on the day before `on` (or they closed then), open the drafts (or they exist since `on`),
    copy roles. Roles in the old units stay, for their last month and corrections (docs/decisions/0022).

    Errors: TreeRefused with every fault, and nothing is written.
    """
    lock_tree()
    _may_go_over(plan.olds, on)
    last_days = {unit.pk: unit.active_until for unit in plan.olds}
    ended = {unit.pk: unit.active_until for unit in plan.ending}
    closing = [unit for unit in plan.closing if may_close(unit, day_before(on))]
    drafts = [replace(draft, active_from=on, legal_basis=basis) for draft in plan.drafts]
    with refresh_histories_at_end():
        if closing:
            close_units(closing, day_before(on), by=by, basis=basis)
        opened = open_units(drafts, by=by)
    codes = [draft.unit().code for draft in drafts]
    by_code = {unit.code: unit for unit in Unit.objects.filter(code__in=codes, active_from=on)}
    new = [by_code[code] for code in codes]
    opened_now = {unit.pk for unit in opened.new}
    olds = Unit.objects.in_bulk(last_days)
    links = [SuccessionLink(olds[heir.old.pk], by_code[heir.code], on, heir.share) for heir in plan.heirs]
    followed = add_successions(links, by=by, basis=basis).followed
    detail = {
        "on": on,
        "basis": basis,
        "olds": [[pk, last] for pk, last in last_days.items()],
        "ended": [[pk, last] for pk, last in ended.items()],
        "news": [unit.pk for unit in new if unit.pk in opened_now],
        "joined": [unit.pk for unit in new if unit.pk not in opened_now],
        "members": [membership.pk for membership in followed],
    }
    for unit in new[: plan.named]:
        log.append(action, by=by, subject=unit_subject(unit), detail=detail)
    return RestructuringResult(new, followed)


def _may_go_over(olds: Sequence[Unit], on: date) -> None:
    """Check that each is open until the day before, or closed then without a successor yet. Errors: TreeRefused."""
    gone = Unit.objects.filter(pk__in=[unit.pk for unit in olds if unit.is_over(on)])
    over = gone.filter(Q(active_until__lt=day_before(on)) | Q(successors__isnull=False))
    names = list(over.order_by("folded").distinct().values_list("name", flat=True))
    if names or not olds:
        message = f"Đã hết hoạt động: {', '.join(names)}." if names else "Hãy chọn ít nhất một đơn vị cũ."
        raise TreeRefused([DraftFault(0, "olds", "closed", message)])


def people_followers(plan: RestructuringPlan) -> Iterator[tuple[int, str]]:
    """For each old unit (id) the code of the draft that its people follow."""
    for old in plan.olds:
        theirs = [(heir.code, heir.share) for heir in plan.heirs if heir.old.pk == old.pk]
        yield old.pk, successor_for_people(old, theirs)


def reopened_draft(unit: Unit, on: date, above: Unit | str | None) -> UnitDraft:
    """A draft of the same unit from a day on, under its own parent or another one."""
    tier = "" if unit.kind == UnitKind.OFFICE else unit.tier
    return UnitDraft(unit.code, unit.name, unit.kind, tier, on, None, above, unit.reports_declared)


@dataclass(frozen=True)
class BranchPlan:
    """What opens below the new units, which old units go into which drafts, and what closes without a successor."""

    drafts: list[UnitDraft]
    heirs: list[SuccessorDraft]
    ending: list[Unit]


def plan_branch(
    olds: Sequence[Unit],
    on: date,
    *,
    under: Mapping[int, str],
    assigned: Mapping[int, str] | None = None,
    divided: Mapping[int, Sequence[tuple[str, Fraction]]] | None = None,
    offices_end: bool = False,
) -> BranchPlan:
    """A unit below an old one closes and reopens with its code, name and kind (docs/decisions/0022), under the code
    that `assigned` has for its id, else under the successor of its parent (`under`, or by this rule). Without either it
    and what is below it closes without a successor.

    Offices (and external bodies) of the same name under one unit become one, with the code of the first; with
    `offices_end` offices close. A unit in `divided` (by id) continues under each of these codes with a share: under the
    first with its own code, under others with their code appended.
    """
    drafts: list[UnitDraft] = []
    heirs: list[SuccessorDraft] = []
    ending: list[Unit] = []
    places = dict(under)  # id of an old unit → code of its successor
    alike: dict[tuple[str, str, str], str] = {}
    for unit in _below(olds, on):
        above = (assigned or {}).get(unit.pk) or places.get(unit.parent_id)
        parts = (divided or {}).get(unit.pk) or ([(above, Fraction(1))] if above else [])
        if not parts or (offices_end and unit.kind == UnitKind.OFFICE):
            ending.append(unit)
            continue
        for at, (above, share) in enumerate(parts):
            own = f"{unit.code}-{above}" if at else unit.code
            name = above, unit.kind, fold(unit.name)
            same = alike.setdefault(name, own) if unit.kind != UnitKind.COMMITTEE else own
            places[unit.pk] = same
            heirs.append(SuccessorDraft(unit, same, share))
            if same == own:
                drafts.append(replace(reopened_draft(unit, on, above), code=own))
    return BranchPlan(drafts, heirs, ending)


def _below(olds: Sequence[Unit], on: date) -> Iterator[Unit]:
    """Everything below the old units that is open until the day, from the top down."""
    still = Q(active_until=None) | Q(active_until__gt=day_before(on))
    chosen = [old.pk for old in olds]
    for old in olds:
        if old.has_children:
            below = Unit.objects.under(old).exclude(pk__in=chosen).filter(still, active_from__lt=on)
            yield from below.order_by("depth", "folded", "pk")


def merge_units(
    olds: Sequence[Unit],
    draft: UnitDraft,
    on: date,
    *,
    by: User | None,
    basis: str,
    offices_end: bool = False,
) -> RestructuringResult:
    """Merge units, see `restructure` and `plan_merger`. Errors: TreeRefused with every fault; nothing is written."""
    plan = plan_merger(olds, draft, on, offices_end=offices_end)
    return restructure(plan, on, by=by, basis=basis, action=MERGED)


def plan_merger(
    olds: Sequence[Unit], draft: UnitDraft, on: date, *, offices_end: bool = False
) -> RestructuringPlan:
    """The plan of a merger; for the units below see `plan_branch`. The new unit has `reports_declared` of the old ones
    if that is equal.
    """
    code = draft.unit().code
    declared = {old.reports_declared for old in olds}
    if len(declared) == 1:
        draft = replace(draft, reports_declared=declared.pop())
    along = plan_branch(olds, on, under={old.pk: code for old in olds}, offices_end=offices_end)
    heirs = [SuccessorDraft(old, code) for old in olds]
    return RestructuringPlan((draft, *along.drafts), (*heirs, *along.heirs), tuple(along.ending))


@dataclass(frozen=True)
class SplitShare:
    """A part of the old unit. `taken_by`: the unit that takes it over and reopens as the draft; None for a new one.
    `below`: children of the old unit that continue under this part. `there`: the unit of the draft if another change of
    the same day has opened it.
    """

    draft: UnitDraft
    share: Fraction
    taken_by: Unit | None = None
    below: tuple[Unit, ...] = ()
    there: Unit | None = None


@dataclass(frozen=True)
class SplitOffices:
    """Children of a divided group, without units below, that belong to no single part: those that continue in each
    part, and those that close.
    """

    divided: tuple[Unit, ...] = ()
    ending: tuple[Unit, ...] = ()


def split_unit(
    old: Unit,
    shares: Sequence[SplitShare],
    on: date,
    *,
    by: User | None,
    basis: str,
    offices: SplitOffices = SplitOffices(),
) -> RestructuringResult:
    """Split a unit by shares, see `restructure`.

    Errors: TreeRefused with every fault, and nothing is written: the shares do not sum to exactly 1, a child of the old
    unit is in no part.
    """
    return restructure(plan_split(old, shares, on, offices), on, by=by, basis=basis, action=SPLIT)


def plan_split(
    old: Unit, shares: Sequence[SplitShare], on: date, offices: SplitOffices = SplitOffices()
) -> RestructuringPlan:
    """The plan of a split. A unit that takes a part over closes too, and goes wholly, with its subtree, into a new unit
    with its code. An office that continues in each part is divided as the group is, and keeps its code where the group
    keeps its own.

    Errors: TreeRefused if a child of the old unit is in no part.
    """
    codes = [(share, share.draft.unit().code) for share in shares]
    heirs = [SuccessorDraft(old, code, split_share.share) for split_share, code in codes]
    takers = {split_share.taken_by: code for split_share, code in codes if split_share.taken_by is not None}
    heirs += [SuccessorDraft(taker, code) for taker, code in takers.items()]
    kept_first = sorted(
        ((code, split_share.share) for split_share, code in codes), key=lambda part: part[0] != old.code
    )
    # Units that take over come first: of offices of the same name theirs keeps its code.
    along = plan_branch(
        [*takers, old],
        on,
        under={taker.pk: code for taker, code in takers.items()},
        assigned={unit.pk: code for split_share, code in codes for unit in split_share.below},
        divided={unit.pk: kept_first for unit in offices.divided},
    )
    ends = {unit.pk for unit in offices.ending}
    lost = [unit.name for unit in along.ending if unit.parent_id == old.pk and unit.pk not in ends]
    if lost:
        message = f"Chưa chọn phần nhận đơn vị còn hoạt động đến ngày chia tách: {', '.join(lost)}."
        raise TreeRefused([DraftFault(0, "on", "not_assigned", message)])
    drafts = (*(share.draft for share in shares), *along.drafts)
    return RestructuringPlan(drafts, (*heirs, *along.heirs), tuple(along.ending), named=len(shares))
