"""Takes a merger or split back as one act, while nothing was entered on what came of it."""

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

# In the log of a unit that was there before the act, and is there after it was taken back.
UNDO_JOINING = "unit.undo_joining"


def restructuring_of(new: Unit) -> Entry | None:
    """The log's entry of the newest merger or split that a unit came out of, of those that stand."""
    found = Entry.objects.filter(subject=unit_subject(new), action__in=[MERGED, SPLIT, UNDO_JOINING])
    taken_back = 0
    for entry in found.order_by("-sequence"):
        if entry.action == UNDO_JOINING:
            taken_back += 1
        elif taken_back:
            taken_back -= 1
        else:
            return entry
    return None


def touched_by(entry: Entry) -> list[Unit]:
    """Every unit that a merger or split closed, opened or joined: who undoes it has to administer all of them."""
    pairs = [*entry.detail.get("olds", []), *entry.detail.get("ended", [])]
    theirs = [*entry.detail.get("news", []), *entry.detail.get("joined", [])]
    return list(Unit.objects.filter(pk__in=[*(pk for pk, _ in pairs), *theirs]))


@transaction.atomic
def undo_restructuring(new: Unit, *, by: User | None) -> list[Unit]:
    """Take a merger or split back: the old units are what they were, those that it opened are gone with the roles in
    them, those that were there before it stay. Returns the old units.

    Errors: Refused where the unit did not come out of one, or something was entered on a new one or follows from it.
    """
    lock_tree()
    entry = restructuring_of(new)
    if entry is None:
        raise TreeRefused(
            [DraftFault(0, "", "not_merged", "Đơn vị này không do một lần sáp nhập, chia tách mở ra.")]
        )
    lasted, ended = (_days(entry.detail.get(name, [])) for name in ("olds", "ended"))
    news, joined = _units(entry.detail.get("news", [new.pk])), _units(entry.detail.get("joined", []))
    links = Succession.objects.filter(Q(new__in=news) | Q(new__in=joined, old__in=lasted))
    _check_unchanged([*news, *joined], joined, links, set(lasted))
    staying = {unit.pk for unit in joined}
    undoing.send(sender=Succession, links=list(links.select_related("new")), staying=staying, by=by)
    links.delete()
    _end_roles(Q(unit__in=news) | Q(unit__in=joined, pk__in=entry.detail.get("members", [])), by)
    on, lasts = new.active_from, lasted | ended
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
        *((one, UNDO_JOINING) for one in joined),
    ]:
        log.append(action, by=by, subject=unit_subject(unit), detail={"gone": gone})
    return olds


def _units(numbers: Iterable[int]) -> list[Unit]:
    """From the bottom up, with what they stand below. Locked as for deleting: whoever opens a month of one has done so,
    which is then seen, or is told that it is gone (`units.tree.queries.lock_unit`).
    """
    found = Unit.objects.select_for_update(of=("self",)).filter(pk__in=numbers)
    return list(found.select_related("parent").order_by("-depth", "pk"))


def _check_unchanged(units: Sequence[Unit], joined: Sequence[Unit], links: QuerySet, olds: set[int]) -> None:
    """Whether what came out of the act is what it was, and what it joined has reported nothing."""
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
        # Nobody takes their own administration away; here it only goes back to where it was.
        own = by is not None and membership.user_id == by.pk
        end_membership(membership, membership.valid_from, by=None if own else by)


def _changed_since(
    message: str = "Sau khi sáp nhập, chia tách, đơn vị đã thay đổi: không hoàn tác được.",
) -> TreeRefused:
    return TreeRefused([DraftFault(0, "", "changed_since", message)])


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


def _restore_old_units(olds: Iterable[Unit], lasted: dict[int, date | None], last_day: date) -> None:
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
        kinds = sorted(
            {str(protected_object._meta.verbose_name) for protected_object in error.protected_objects}
        )
        message = f"Đã có {', '.join(kinds)} gắn với đơn vị mới: không hoàn tác được."
        raise TreeRefused([DraftFault(0, "", "entered", message)]) from error
    return list(above)
