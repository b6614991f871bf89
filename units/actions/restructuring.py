"""Units that close and units that open in their place, in one act: mergers, splits, partial transfers. People follow by
rule, and the act is undone as one while nothing was entered on what it opened.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from django.db import transaction
from django.db.models import ProtectedError, Q

from ledger import log
from ledger.models import Entry
from units.lifetimes import may_close
from units.models import Kind, Membership, Succession, Unit, User
from units.signals import Opening, undoing, undone
from units.tree import Draft, Refused, Wrong, day_before

from .closing import close_units
from .common import lock_tree, subject
from .derived import histories_later, refresh_tree
from .following import successor_for_people
from .people import end_membership
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
    """The old units close on the day before `on`, the drafts open then, and roles follow. Roles in the old
    units stay: their last month and corrections are the same people's (docs/decisions/0022).

    Errors: Refused with every fault, and nothing is written.
    """
    lock_tree()
    _still_there(plan.olds, on)
    lasted = {unit.pk: unit.active_until for unit in plan.olds}
    ended = {unit.pk: unit.active_until for unit in plan.ending}
    closing = [unit for unit in plan.closing if may_close(unit, day_before(on))]
    drafts = [replace(draft, active_from=on, legal_basis=basis) for draft in plan.drafts]
    with histories_later():
        if closing:
            close_units(closing, day_before(on), by=by, basis=basis)
        opened = open_units(drafts, by=by)
    if opened.unchanged:
        raise Refused([Wrong(0, "code", "code_overlap", "Đơn vị này đã có.")])
    by_code = {unit.code: unit for unit in opened.new}
    new = [by_code[draft.unit().code] for draft in drafts]
    olds = Unit.objects.in_bulk(lasted)
    links = [Link(olds[one.old.pk], by_code[one.code], on, one.share) for one in plan.heirs]
    followed = add_successions(links, by=by, basis=basis).followed
    detail = {
        "on": on,
        "basis": basis,
        "olds": [[pk, last] for pk, last in lasted.items()],
        "ended": [[pk, last] for pk, last in ended.items()],
        "news": [unit.pk for unit in new],
        "members": [one.pk for one in followed],
    }
    for unit in new[: plan.named]:
        log.append(action, by=by, subject=subject(unit), detail=detail)
    return Done(new, followed)


def _still_there(olds: Sequence[Unit], on: date) -> None:
    over = [unit for unit in olds if unit.is_over(on)]
    if over or not olds:
        names = ", ".join(unit.name for unit in over)
        message = f"Đã hết hoạt động: {names}." if over else "Hãy chọn ít nhất một đơn vị cũ."
        raise Refused([Wrong(0, "olds", "closed", message)])


def followers(plan: Plan) -> Iterator[tuple[int, str]]:
    """Where the people of each old unit (by number) go: into the draft of a code."""
    for old in plan.olds:
        theirs = [(heir.code, heir.share) for heir in plan.heirs if heir.old.pk == old.pk]
        yield old.pk, successor_for_people(old, theirs)


def restructuring_of(new: Unit) -> Entry | None:
    """The log's entry of the merger or split that opened a unit, as long as it stands."""
    found = Entry.objects.filter(subject=subject(new), action__in=[MERGED, SPLIT])
    return found.order_by("-sequence").first()


def touched_by(entry: Entry) -> list[Unit]:
    """Every unit that a merger or split closed or opened: who undoes it has to administer all of them."""
    pairs = [*entry.detail.get("olds", []), *entry.detail.get("ended", [])]
    return list(Unit.objects.filter(pk__in=[*(pk for pk, _ in pairs), *entry.detail.get("news", [])]))


@transaction.atomic
def undo_restructuring(new: Unit, *, by: User | None) -> list[Unit]:
    """Take a merger or split back: the old units go on, the new ones are gone with the roles in them. Returns the old
    units.

    Errors: Refused where the unit was not opened so, or something was entered on a new one or follows from it.
    """
    lock_tree()
    entry = restructuring_of(new)
    if entry is None:
        raise Refused([Wrong(0, "", "not_merged", "Đơn vị này không do một lần sáp nhập, chia tách mở ra.")])
    lasted, ended = (_days(entry.detail.get(name, [])) for name in ("olds", "ended"))
    opened = Unit.objects.filter(pk__in=entry.detail.get("news", [new.pk]))
    news = list(opened.select_related("parent").order_by("-depth", "pk"))
    links = Succession.objects.filter(new__in=news)
    over = [unit for unit in news if unit.active_until is not None and not _ends_above(unit)]
    if over:
        raise _changed_since(f"{over[-1].name} đã kết thúc hoạt động: hãy hoàn tác lần thay đổi sau trước.")
    if set(links.values_list("old", flat=True)) != set(lasted):
        raise _changed_since()
    undoing.send(sender=Succession, links=list(links.select_related("new")), by=by)
    links.delete()
    for membership in Membership.objects.filter(unit__in=news).select_related("user"):
        # Nobody takes their own administration away; here it only goes back to where it was.
        own = by is not None and membership.user_id == by.pk
        end_membership(membership, membership.valid_from, by=None if own else by)
    going_on = Unit.objects.filter(pk__in=[*lasted, *ended]).select_related("parent").order_by("depth", "pk")
    olds = list(going_on)
    if any(_has_no_place(old, (lasted | ended)[old.pk], new.active_from, [*olds, *news]) for old in olds):
        raise _changed_since()
    _go_on(olds, lasted | ended, day_before(new.active_from))
    gone = [{"unit": unit.pk, "code": unit.code, "name": unit.name} for unit in news]
    above = _delete(news)
    refresh_tree([*olds, *above])
    undone.send(sender=Succession, olds=olds, on=new.active_from)
    for old in olds:
        log.append("unit.undo_merger", by=by, subject=subject(old), detail={"gone": gone})
    return olds


def _changed_since(
    message: str = "Sau khi sáp nhập, chia tách, đơn vị đã thay đổi: không hoàn tác được.",
) -> Refused:
    return Refused([Wrong(0, "", "changed_since", message)])


def _ends_above(unit: Unit) -> bool:
    """Whether its last day is only that of what it stands below, as a unit gets it when it opens there."""
    return unit.parent is not None and unit.active_until == unit.parent.active_until


def _has_no_place(old: Unit, until: date | None, since: date, own: Sequence[Unit]) -> bool:
    """Whether what it stood below ends before it would, or somebody else, outside the act, holds its code by then."""
    outside = {unit.pk for unit in own}
    above = old.parent if old.parent_id not in outside else None
    if above is not None and above.active_until is not None:
        if until is None or above.active_until < until:
            return True
    holders = Unit.objects.filter(Q(active_until=None) | Q(active_until__gte=since), code=old.code)
    holders = holders if until is None else holders.filter(active_from__lte=until)
    return holders.exclude(pk__in=outside).exists()


def _days(pairs: Iterable[tuple[int, str | None]]) -> dict[int, date | None]:
    """Last days by number of the unit, as they stand in the log."""
    return {pk: date.fromisoformat(last) if last else None for pk, last in pairs}


def _go_on(olds: Iterable[Unit], lasted: dict[int, date | None], last_day: date) -> None:
    for old in olds:
        if old.active_until == last_day:
            old.active_until = lasted[old.pk]
            old.save(update_fields=["active_until"])


def _delete(news: Sequence[Unit]) -> list[Unit]:
    """Those below first. Returns what they stood below and still stands."""
    numbers = {unit.pk for unit in news}
    above = Unit.objects.filter(pk__in={unit.parent_id for unit in news} - numbers - {None})
    try:
        # A savepoint: what protects the units is asked by trying.
        with transaction.atomic():
            for unit in news:
                unit.delete()
    except ProtectedError as error:
        kinds = sorted({str(one._meta.verbose_name) for one in error.protected_objects})
        message = f"Đã có {', '.join(kinds)} gắn với đơn vị mới: không hoàn tác được."
        raise Refused([Wrong(0, "", "entered", message)]) from error
    return list(above)
