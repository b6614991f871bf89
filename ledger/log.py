"""The append-only log: each entry holds the hash of the one before it, so a change anywhere shows.

The hash is SHA-256 over canonical JSON of (sequence, at, actor, actor_id, action, subject, detail, previous_hash).
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from ledger.models import Entry

SYSTEM = "hệ thống"
FIRST_PREVIOUS = "0" * 64
# Any fixed number serves, as long as nothing else in the database takes an advisory lock on it ("CCHC" in ASCII).
_LOCK = 0x43434843


class Actor(Protocol):
    """Who may stand in `by=`: a saved user model instance."""

    pk: Any

    def get_username(self) -> str: ...


def append(
    action: str, *, by: Actor | None, subject: str, detail: dict[str, Any], at: datetime | None = None
) -> Entry:
    """Write one entry at the end of the chain, in the caller's transaction.

    action: machine name such as "submission.approve". by: None is the system. at: aware; default: this moment.
    Call it late in an action: on PostgreSQL all writers wait for each other from here to the commit.
    Errors: TransactionManagementError outside `atomic`; TypeError for a float in detail (jsonb would rewrite it, and the
    hash would no longer fit); ValueError for NUL or a lone surrogate in a text, or for a naive time.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("ledger.log.append must run inside transaction.atomic()")
    entry = Entry(
        at=timezone.now() if at is None else _aware(at),
        actor=SYSTEM if by is None else by.get_username(),
        actor_id=None if by is None else by.pk,
        action=action,
        subject=subject,
        detail=_plain(detail),
    )
    _wait_for_turn()
    last, entry.previous_hash = head()
    entry.sequence = last + 1
    entry.hash = digest(entry)
    entry.save(force_insert=True)
    return entry


def head() -> tuple[int, str]:
    """Sequence number and hash of the last entry; (0, 64 zeros) of an empty log."""
    last = Entry.objects.order_by("-sequence").values_list("sequence", "hash").first()
    return last or (0, FIRST_PREVIOUS)


def digest(entry: Entry) -> str:
    """The hash that the entry's content calls for, as 64 hexadecimal digits."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    content = [
        entry.sequence,
        at,
        entry.actor,
        entry.actor_id,
        entry.action,
        entry.subject,
        entry.detail,
        entry.previous_hash,
    ]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _wait_for_turn() -> None:
    """One writer at a time. SQLite has only one anyway (BEGIN IMMEDIATE, see the settings)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _aware(at: datetime) -> datetime:
    if timezone.is_naive(at):
        raise ValueError("ledger.log.append needs an aware time")
    return at


def _plain(detail: dict[str, Any]) -> dict[str, Any]:
    """The detail as the database will give it back: dates and decimals as text, keys as text, tuples as lists."""
    plain = json.loads(json.dumps(detail, cls=DjangoJSONEncoder, ensure_ascii=False))
    for value in _leaves(plain):
        if isinstance(value, float):
            raise TypeError("a float in the log would not survive storage: write it as text or whole number")
    return plain


def _leaves(value: Any) -> Iterator[Any]:
    """Every value inside nested dicts and lists, keys left out."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value
