"""Undoes a merger or split as a whole, while nothing was entered for the new units."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.db import transaction
from django.db.models import ProtectedError, Q, QuerySet

from accounts.models import User
from core.dates import day_before
from ledger import log
from ledger.models import Entry
from units.models import Membership, Succession, Unit
from units.people.actions import end_membership
from units.tree.rules import DraftFault, TreeRefused

from .derived_tables import lock_tree, refresh_tree, unit_subject
from .restructuring import MERGED, SPLIT
from .signals import reports_of, undoing, undone

# For a unit that existed before the merger or split and remains after the undo.
UNDO_JOINING = "unit.undo_joining"


def restructuring_of(new: Unit) -> Entry | None:
    """The log entry of the newest merger or split into this unit that was not undone."""
    entries = Entry.objects.filter(subject=unit_subject(new), action__in=[MERGED, SPLIT, UNDO_JOINING])
    undone_count = 0
    for entry in entries.order_by("-sequence"):
        if entry.action == UNDO_JOINING:
            undone_count += 1
        elif undone_count:
            undone_count -= 1
        else:
            return entry
    return None


def touched_by(entry: Entry) -> list[Unit]:
    """Every unit that a merger or split closed, opened or joined; undoing it needs the right on all of them."""
    pairs = [*entry.detail.get("olds", []), *entry.detail.get("ended", [])]
    theirs = [*entry.detail.get("news", []), *entry.detail.get("joined", [])]
    return list(Unit.objects.filter(pk__in=[*(pk for pk, _ in pairs), *theirs]))


@transaction.atomic
def undo_restructuring(new: Unit, *, by: User | None) -> list[Unit]:
    """Undo a merger or split: old units reopen, the units that it opened are deleted with their roles, units that
    existed before stay. Returns the old units.

    Errors: TreeRefused if the unit came from none, or anything refers to a new unit.
    """
    lock_tree()
    entry = restructuring_of(new)
    if entry is None:
        raise TreeRefused(
            [DraftFault(0, "", "not_merged", "Đơn vị này không do một lần sáp nhập, chia tách mở ra.")]
        )
    last_days, ended = (_days(entry.detail.get(name, [])) for name in ("olds", "ended"))
    news, joined = _units(entry.detail.get("news", [new.pk])), _units(entry.detail.get("joined", []))
    links = Succession.objects.filter(Q(new__in=news) | Q(new__in=joined, old__in=last_days))
    _check_unchanged([*news, *joined], joined, links, set(last_days))
    staying = {unit.pk for unit in joined}
    undoing.send(sender=Succession, links=list(links.select_related("new")), staying=staying, by=by)
    links.delete()
    _end_roles(Q(unit__in=news) | Q(unit__in=joined, pk__in=entry.detail.get("members", [])), by)
    on, lasts = new.active_from, last_days | ended
    olds = list(Unit.objects.filter(pk__in=lasts).select_related("parent").order_by("depth", "pk"))
    if any(_has_no_place(old, lasts[old.pk], on, [*olds, *news]) for old in olds):
        raise _changed_since()
    _restore_old_units(olds, lasts, day_before(on))
    gone = [{"unit": unit.pk, "code": unit.code, "name": unit.name} for unit in news]
    above = _delete(news)
    refresh_tree([*olds, *joined, *above])
    undone.send(sender=Succession, units=[*olds, *joined], on=on)
    for unit, action in [
        *((old, "unit.undo_merger") for old in olds),
        *((joining, UNDO_JOINING) for joining in joined),
    ]:
        log.append(action, by=by, subject=unit_subject(unit), detail={"gone": gone})
    return olds


def _units(numbers: Iterable[int]) -> list[Unit]:
    """From the bottom up, with parents, locked for deletion: a month of one is either open before, and then seen here,
    or refused afterwards (`units.tree.queries.lock_unit`).
    """
    locked = Unit.objects.select_for_update(of=("self",)).filter(pk__in=numbers)
    return list(locked.select_related("parent").order_by("-depth", "pk"))


def _check_unchanged(units: Sequence[Unit], joined: Sequence[Unit], links: QuerySet, olds: set[int]) -> None:
    """Check that the new units are unchanged, and that existing ones have reported nothing. Errors: TreeRefused."""
    over = [unit for unit in units if unit.active_until is not None and not _ends_above(unit)]
    if over:
        raise _changed_since(f"{over[-1].name} đã kết thúc hoạt động: hãy hoàn tác lần thay đổi sau trước.")
    if set(links.values_list("old", flat=True)) != olds:
        raise _changed_since()
    if reports_of(unit.pk for unit in joined):
        message = "Đơn vị kế thừa đã gửi hoặc đã được duyệt số liệu: không hoàn tác được."
        raise TreeRefused([DraftFault(0, "", "entered", message)])


def _end_roles(which: Q, by: User | None) -> None:
    for membership in Membership.objects.filter(which).select_related("user"):
        # Nobody may end their own administrator role; here it returns to the old unit.
        own = by is not None and membership.user_id == by.pk
        end_membership(membership, membership.valid_from, by=None if own else by)


def _changed_since(
    message: str = "Sau khi sáp nhập, chia tách, đơn vị đã thay đổi: không hoàn tác được.",
) -> TreeRefused:
    return TreeRefused([DraftFault(0, "", "changed_since", message)])


def _ends_above(unit: Unit) -> bool:
    """Whether its last day is that of its parent, as set when it opened."""
    return unit.parent is not None and unit.active_until == unit.parent.active_until


def _has_no_place(old: Unit, until: date | None, since: date, own: Sequence[Unit]) -> bool:
    """Whether its parent closes earlier than the unit would, or a unit outside of `own` has its code by then."""
    outside = {unit.pk for unit in own}
    above = old.parent if old.parent_id not in outside else None
    if above is not None and above.active_until is not None:
        if until is None or above.active_until < until:
            return True
    holders = Unit.objects.filter(Q(active_until=None) | Q(active_until__gte=since), code=old.code)
    holders = holders if until is None else holders.filter(active_from__lte=until)
    return holders.exclude(pk__in=outside).exists()


def _days(pairs: Iterable[tuple[int, str | None]]) -> dict[int, date | None]:
    """Last days by unit id, from the log."""
    return {pk: date.fromisoformat(last) if last else None for pk, last in pairs}


def _restore_old_units(olds: Iterable[Unit], last_days: dict[int, date | None], last_day: date) -> None:
    for old in olds:
        if old.active_until == last_day:
            old.active_until = last_days[old.pk]
            old.save(update_fields=["active_until"])


def _delete(news: Sequence[Unit]) -> list[Unit]:
    """Delete units, the lowest first. Returns their remaining parents."""
    numbers = {unit.pk for unit in news}
    above = Unit.objects.filter(pk__in={unit.parent_id for unit in news} - numbers - {None})
    try:
        # A savepoint: deletion may fail for protected references.
        with transaction.atomic():
            for unit in news:
                unit.delete()
    except ProtectedError as error:
        kinds = sorted(
            {str(protected_object._meta.verbose_name) for protected_object in error.protected_objects}
        )
        message = f"Đã có {', '.join(kinds)} gắn với đơn vị mới: không hoàn tác được."
        raise TreeRefused([DraftFault(0, "", "entered", message)]) from error
    return list(above)
