"""Records successions: mergers (each old unit wholly into one new) and splits (shares of an old unit sum to 1)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from django.db import transaction

from accounts.models import User
from core.dates import day_before, format_day
from ledger import log
from units.models import Membership, Succession, Unit
from units.people.actions import follow_roles, successor_for_people
from units.tree.rules import DraftFault, TreeRefused, may_close

from .actions import close_units
from .derived_tables import lock_tree, refresh_histories, refresh_histories_at_end, unit_subject
from .signals import succeeded

LARGEST = 1_000_000_000  # of a share's denominator; the column takes 2^31


@dataclass(frozen=True)
class SuccessionLink:
    """`share` of the old unit goes to the new one; `on` is the new unit's first day; `basis`: the link's own legal
    basis, if any.
    """

    old: Unit
    new: Unit
    on: date
    share: Fraction = Fraction(1)
    basis: str = ""


class RecordedLinks(NamedTuple):
    """How many links are new, how many existed, and the roles copied to successors."""

    new: int
    unchanged: int
    followed: list[Membership]


@transaction.atomic
def add_successions(links: Sequence[SuccessionLink], *, by: User | None, basis: str = "") -> RecordedLinks:
    """Record all links, close old units that are still open on the day before, and copy roles to the successors.

    Existing links stay as they are. Errors: TreeRefused with every fault, and nothing is written: the new unit does not
    start on `on`, an old one closes on another day, the shares of an old unit do not sum to exactly 1, it is divided
    between committee and external bodies.
    """
    lock_tree()
    recorded = {
        (item.old_id, item.new_id, item.on): Fraction(item.share_numerator, item.share_denominator)
        for item in Succession.objects.filter(old__in={link.old.pk for link in links})
    }
    wrongs = [wrong for index, link in enumerate(links) for wrong in _faults_of_link(index, link, recorded)]
    fresh = [link for link in links if (link.old.pk, link.new.pk, link.on) not in recorded]
    wrongs += _repeated(links)
    wrongs += _sums(links, recorded)
    wrongs += _mixed(fresh, links, recorded)
    if wrongs:
        raise TreeRefused(wrongs)
    for on in sorted({link.on for link in fresh}):
        still_open = {
            link.old.pk: link.old for link in fresh if link.on == on and may_close(link.old, day_before(on))
        }
        if still_open:
            named = "; ".join(dict.fromkeys(link.basis or basis for link in fresh if link.on == on))
            with refresh_histories_at_end():
                close_units(list(still_open.values()), day_before(on), by=by, basis=named)
    written = [_write(link, by, link.basis or basis) for link in fresh]
    if fresh:
        refresh_histories()
        succeeded.send(sender=Succession, links=written, by=by)
    followed = [
        follow_role
        for link in _for_people(fresh)
        for follow_role in follow_roles(link.old, link.new, link.on, by=by)
    ]
    return RecordedLinks(len(fresh), len(links) - len(fresh), followed)


def _for_people(links: Sequence[SuccessionLink]) -> Iterator[SuccessionLink]:
    """For each old unit the link that its people follow."""
    theirs: dict[int, list[SuccessionLink]] = defaultdict(list)
    for link in links:
        theirs[link.old.pk].append(link)
    for candidates in theirs.values():
        code = successor_for_people(
            candidates[0].old,
            [(successor_link.new.code, successor_link.share) for successor_link in candidates],
        )
        yield next(successor_link for successor_link in candidates if successor_link.new.code == code)


def _write(link: SuccessionLink, by: User | None, basis: str) -> Succession:
    written = Succession.objects.create(
        old=link.old,
        new=link.new,
        on=link.on,
        share_numerator=link.share.numerator,
        share_denominator=link.share.denominator,
        legal_basis=basis,
    )
    detail = {
        "old": link.old.pk,
        "new": link.new.pk,
        "old_unit": _unit_detail(link.old),
        "new_unit": _unit_detail(link.new),
        "on": link.on,
        "share": str(link.share),
        "basis": basis,
    }
    log.append("unit.succeed", by=by, subject=unit_subject(link.old), detail=detail)
    log.append("unit.succeed", by=by, subject=unit_subject(link.new), detail=detail)
    return written


def _unit_detail(unit: Unit) -> str:
    """A unit in words, for log entries that outlive it."""
    return f"{unit.name} ({unit.code})"


def _faults_of_link(index: int, link: SuccessionLink, recorded: dict) -> list[DraftFault]:
    faults = []
    if link.old.pk == link.new.pk:
        faults.append(
            DraftFault(
                index,
                "new",
                "same_unit",
                "Mã này vẫn là chính đơn vị cũ: hãy mở đơn vị kế thừa từ ngày này trước.",
            )
        )
    if link.new.active_from != link.on:
        start = format_day(link.new.active_from)
        faults.append(
            DraftFault(
                index, "on", "dates", f"{link.new.name} hoạt động từ ngày {start}, không phải từ ngày này."
            )
        )
    last = link.old.active_until
    if last != day_before(link.on) and not may_close(link.old, day_before(link.on)):
        message = (
            f"{link.old.name} hết hoạt động ngày {format_day(last)}, không phải ngay trước ngày kế thừa."
        )
        faults.append(DraftFault(index, "on", "dates", message))
    if link.old.active_from >= link.on:
        start = format_day(link.old.active_from)
        faults.append(
            DraftFault(
                index, "on", "dates", f"{link.old.name} mới hoạt động từ {start}: không có gì để kế thừa."
            )
        )
    if not 0 < link.share <= 1 or link.share.denominator > LARGEST:
        faults.append(DraftFault(index, "share", "bad_share", "Tỷ lệ kế thừa phải lớn hơn 0 và không quá 1."))
    if recorded.get((link.old.pk, link.new.pk, link.on), link.share) != link.share:
        faults.append(DraftFault(index, "share", "differs", "Kế thừa này đã có với tỷ lệ khác."))
    return faults


def _repeated(links: Sequence[SuccessionLink]) -> list[DraftFault]:
    seen: set[tuple] = set()
    faults = []
    for index, link in enumerate(links):
        key = (link.old.pk, link.new.pk, link.on)
        if key in seen:
            faults.append(DraftFault(index, "old", "repeated_row", "Dòng này lặp lại một dòng đứng trước."))
        seen.add(key)
    return faults


def _sums(links: Sequence[SuccessionLink], recorded: dict) -> list[DraftFault]:
    """Faults of old units whose shares, recorded and new, do not sum to exactly 1."""
    shares: dict[tuple, dict[int, Fraction]] = defaultdict(dict)
    for (old, new, on), share in recorded.items():
        shares[old, on][new] = share
    first: dict[tuple, int] = {}
    for index, link in enumerate(links):
        shares[link.old.pk, link.on][link.new.pk] = link.share
        first.setdefault((link.old.pk, link.on), index)
    faults = []
    for key, index in first.items():
        total = sum(shares[key].values(), Fraction(0))
        if total != 1:
            message = f"Các tỷ lệ kế thừa của {links[index].old.name} cộng lại là {total}, phải bằng đúng 1."
            faults.append(DraftFault(index, "share", "shares", message))
    return faults


def _mixed(
    fresh: Sequence[SuccessionLink], links: Sequence[SuccessionLink], recorded: dict
) -> list[DraftFault]:
    """Faults of splits between committee and external bodies: the report would be expected in both."""
    outside: dict[tuple, set[bool]] = defaultdict(set)
    followers = Unit.objects.filter(pk__in={new for _, new, _ in recorded}) if recorded else ()
    external = {follower.pk: follower.external for follower in followers}
    for old, new, on in recorded:
        outside[old, on].add(external[new])
    for link in links:
        outside[link.old.pk, link.on].add(link.new.external)
    message = (
        "{} không thể chia cho cả cơ quan của ủy ban và cơ quan ngoài ủy ban: "
        "báo cáo của đơn vị này sẽ bị tính hai lần."
    )
    return [
        DraftFault(links.index(link), "new", "mixed_kinds", message.format(link.old.name))
        for link in fresh
        if len(outside[link.old.pk, link.on]) > 1
    ]
