"""Deletes the oldest part of the log once the law allows it; the hashes remain, and the chain continues from them."""

from datetime import date, datetime, time
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from . import log
from .log import HASH_SIZE, PURGE_ACTION, PurgedHashes
from .models import Entry, Purge

# Entries deleted in one transaction, while all writers wait.
AT_ONCE = 20_000


class PurgeRefused(Exception):
    """The purge is not allowed; the message is in Vietnamese."""


class PurgedPart(NamedTuple):
    """What one transaction deleted: sequence numbers first..last except `left` of them."""

    first: int
    last: int
    left: int


def latest_day(today: date) -> date:
    """The latest day before which entries may be deleted: `settings.LOG_MONTHS` months ago."""
    years, month = divmod(today.year * 12 + today.month - 1 - settings.LOG_MONTHS, 12)
    # At most the 28th, which exists in every month: rather retain a few days more.
    return date(years, month + 1, min(today.day, 28))


def check(before: date, today: date) -> None:
    """Errors: PurgeRefused if entries before that day are too young, or the log has faults, which it would hide."""
    if before > latest_day(today):
        raise PurgeRefused(
            f"Nhật ký phải giữ ít nhất {settings.LOG_MONTHS} tháng: chỉ thanh lý được đến trước ngày "
            f"{latest_day(today):%d/%m/%Y}."
        )
    faults = log.verify(log.external_anchors(), limit=1)
    if faults:
        raise PurgeRefused(f"Nhật ký không còn nguyên vẹn, không thanh lý được. {faults[0].message}")


@transaction.atomic
def purge_entries(before: date, *, by: log.Actor | None, at: datetime) -> PurgedPart | None:
    """Delete the oldest entries from before a day (in Vietnam), at most AT_ONCE; None if there are none. Call `check`
    first.

    Retains entries whose action begins with one of `settings.LEDGER_KEPT`, and everything after the first younger
    entry. Logs the purge with the digest of all stored hashes.
    """
    with connection.cursor() as cursor:
        newest, _ = log.head_in_turn(cursor)
    first = PurgedHashes().last + 1
    moment = datetime.combine(before, time(), timezone.get_default_timezone())
    # The newest entry is never deleted: the next one needs its hash.
    last = min(_last_before(first, moment), newest - 1)
    if last < first:
        return None
    run = Entry.objects.filter(sequence__gte=first, sequence__lte=last)
    hashes = b"".join(map(bytes.fromhex, run.order_by("sequence").values_list("hash", flat=True)))
    if len(hashes) != HASH_SIZE * (last - first + 1):
        raise PurgeRefused(f"Nhật ký thiếu mục trong khoảng từ số {first} đến số {last}.")
    part = PurgedPart(first, last, run.filter(_retained()).count())
    with log.deletion_allowed(connection):
        run.exclude(_retained()).delete()
    Purge.objects.create(first=first, last=last, hashes=hashes, left=part.left, at=at)
    log.append(PURGE_ACTION, by=by, subject="log", detail=_purge_detail(part, before), at=at)
    return part


def _purge_detail(part: PurgedPart, before: date) -> dict[str, Any]:
    return {"before": before, **part._asdict(), "stubs": PurgedHashes().digest()}


def _last_before(first: int, moment: datetime) -> int:
    """The last number of the unbroken run from `first` of entries before `moment`, at most AT_ONCE."""
    numbered = Entry.objects.filter(sequence__gte=first).order_by("sequence").values_list("sequence", "at")
    last = first - 1
    for sequence, at in numbered[:AT_ONCE]:
        if at >= moment:
            break
        last = sequence
    return last


def _retained() -> Q:
    """Condition: entries that are never deleted."""
    condition = Q(pk__in=())
    for beginning in settings.LEDGER_KEPT:
        condition |= Q(action__startswith=beginning)
    return condition
