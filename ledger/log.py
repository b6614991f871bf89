"""The append-only log: each entry contains the hash of the previous one, so that any change is detected.

The hash is SHA-256 over canonical JSON of (sequence, at, actor, actor_id, action, subject, detail,
previous_hash). Triggers make the tables append-only in the database itself, whoever connects. SQLite loses
the triggers of a table that a migration rebuilds: a migration that alters `Entry` or `Purge` calls
`install_triggers` again (tests/ledger/test_append_only.py fails if it does not).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from core.registry import Registry

from .models import Entry, Purge

APPEND_ONLY_MESSAGE = "Nhật ký chỉ được ghi thêm, không được sửa hoặc xóa."
# Append-only tables, and their unique columns: SQLite's INSERT OR REPLACE removes the old row without the DELETE
# trigger.
_TABLES = {"ledger_entry": ("sequence", "hash"), "ledger_purge": ("last",)}
_KINDS = ("update", "delete", "replace")
_FUNCTION = "ledger_entry_refuse"


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    """Forbid UPDATE, DELETE and (PostgreSQL) TRUNCATE on the log's existing tables; idempotent. Migrations that add a
    table call it again.
    """
    _run(connection, _install_triggers(connection))


def remove_triggers(connection: BaseDatabaseWrapper) -> None:
    """Only for reversing the migration and for the test runner's flush."""
    _run(connection, _remove_triggers(connection))


@contextmanager
def deletion_allowed(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let only the caller's transaction delete entries: commit and rollback restore the trigger. On PostgreSQL only the
    table's owner may do this, and other writers wait; call `head_in_turn` first.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("the log's trigger is lifted inside a transaction only")
    if connection.vendor == "sqlite":
        lift, put_back = (
            "DROP TRIGGER ledger_entry_no_delete",
            _sqlite_trigger("ledger_entry", "delete", "DELETE", "1"),
        )
    else:
        change = "ALTER TABLE ledger_entry {} TRIGGER ledger_entry_append_only"
        lift, put_back = change.format("DISABLE"), change.format("ENABLE")
    _run(connection, [lift])
    yield
    _run(connection, [put_back])


def _present_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    return [name for name in _TABLES if name in connection.introspection.table_names()]


def _install_triggers(connection: BaseDatabaseWrapper) -> Iterator[str]:
    if connection.vendor == "sqlite":
        for table in _present_triggers(connection):
            same = " OR ".join(f"{name} = NEW.{name}" for name in _TABLES[table])
            yield _sqlite_trigger(table, "update", "UPDATE", "1")
            yield _sqlite_trigger(table, "delete", "DELETE", "1")
            yield _sqlite_trigger(table, "replace", "INSERT", f"EXISTS (SELECT 1 FROM {table} WHERE {same})")  # noqa: S608 (our own names)
        return
    yield f"""CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{APPEND_ONLY_MESSAGE}'; END $$"""
    for table in _present_triggers(connection):
        yield f"""CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
            ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()"""


def _sqlite_trigger(table: str, what: str, act: str, when: str) -> str:
    return f"""CREATE TRIGGER IF NOT EXISTS {table}_no_{what} BEFORE {act} ON {table} WHEN {when}
        BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY_MESSAGE}'); END"""


def _remove_triggers(connection: BaseDatabaseWrapper) -> Iterator[str]:
    if connection.vendor == "sqlite":
        yield from (f"DROP TRIGGER IF EXISTS {table}_no_{what}" for table in _TABLES for what in _KINDS)
        return
    yield from (
        f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}" for table in _present_triggers(connection)
    )
    yield f"DROP FUNCTION IF EXISTS {_FUNCTION}()"


def _run(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


PURGE_ACTION = "log.purge"
HASH_SIZE = 32  # bytes of a hash


class PurgedRun(NamedTuple):
    """A purged run of sequence numbers, and how many of its entries were retained."""

    first: int
    last: int
    left: int


class PurgedHashes:
    """All purged runs at the time of creation; hashes are read lazily, run by run."""

    def __init__(self) -> None:
        self.runs = [
            PurgedRun(*row) for row in Purge.objects.order_by("last").values_list("first", "last", "left")
        ]
        self._read: tuple[int, bytes] = (0, b"")

    @property
    def last(self) -> int:
        """The last purged number; 0 without a purge."""
        return self.runs[-1].last if self.runs else 0

    @property
    def left(self) -> int:
        """How many entries of purged numbers were retained."""
        return sum(run.left for run in self.runs)

    def hash_of(self, sequence: int) -> str:
        """The hash of the entry with this purged number; "" if no run contains it."""
        run = next((run for run in self.runs if run.first <= sequence <= run.last), None)
        if run is None:
            return ""
        start = (sequence - run.first) * HASH_SIZE
        return self._hashes(run)[start : start + HASH_SIZE].hex()

    def digest(self) -> str:
        """SHA-256 over all hashes in order, as logged by the last purge."""
        digest = hashlib.sha256()
        for run in self.runs:
            digest.update(self._hashes(run))
        return digest.hexdigest()

    def faults(self, detail: dict[str, Any], present: int) -> Iterator[str]:
        """Faults in Vietnamese. detail: that of the last purge's log entry; present: how many entries of purged numbers
        the log contains.
        """
        if not self.runs:
            return
        places = [1, *(run.last + 1 for run in self.runs)]
        fits = all(
            run.first == place and len(self._hashes(run)) == HASH_SIZE * (run.last - run.first + 1)
            for run, place in zip(self.runs, places, strict=False)
        )
        if not fits or detail.get("last") != self.last or detail.get("stubs") != self.digest():
            yield f"Mã băm giữ lại của phần đã thanh lý (đến mục số {self.last}) khác với lúc thanh lý."
        if present != self.left:
            yield f"Phần đã thanh lý phải còn {self.left} mục, nay có {present} mục."

    def _hashes(self, run: PurgedRun) -> bytes:
        if self._read[0] != run.last:
            self._read = (run.last, bytes(Purge.objects.values_list("hashes", flat=True).get(last=run.last)))
        return self._read[1]


SYSTEM = "hệ thống"
FIRST_PREVIOUS = "0" * 64
# A number that no other advisory lock uses ("CCHC" in ASCII).
_LOCK = 0x43434843
_HEAD = "SELECT sequence, hash FROM ledger_entry ORDER BY sequence DESC LIMIT 1"
_INSERT = """INSERT INTO ledger_entry (sequence, at, actor, actor_id, action, subject, detail, previous_hash, hash)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""


class Anchor(NamedTuple):
    """A head of the log as recorded elsewhere: in an issued review, in a backup, off the host."""

    sequence: int
    hash: str
    where: str = ""


class LogFault(NamedTuple):
    """A place where the log was changed; `message` names the sequence number, in Vietnamese."""

    sequence: int
    message: str


class Actor(Protocol):
    """The type of `by=`: a saved user, or a system with a token."""

    pk: Any

    def get_username(self) -> str: ...


def append(
    action: str, *, by: Actor | None, subject: str, detail: dict[str, Any], at: datetime | None = None
) -> Entry:
    """Append an entry to the chain, in the caller's transaction.

    action: a name such as "submission.approve". by: None is the system. at: aware; default: now.
    Call it late in an action: on PostgreSQL all writers wait for each other from here to the commit.
    Errors: TransactionManagementError outside `atomic`; TypeError for a float in detail (jsonb would rewrite it,
    and the hash would no longer fit); ValueError for NUL or a lone surrogate in a text, or for a naive time.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("ledger.log.append must run inside transaction.atomic()")
    entry = Entry(
        at=timezone.now() if at is None else _aware(at),
        actor=SYSTEM if by is None else by.get_username(),
        actor_id=None if by is None else by.pk,
        action=action,
        subject=_storable(subject),
        detail=_plain(detail),
    )
    text = json.dumps(entry.detail)
    with connection.cursor() as cursor:
        last, entry.previous_hash = head_in_turn(cursor)
        entry.sequence = last + 1
        entry.hash = digest(entry)
        cursor.execute(_INSERT, _columns(entry, text))
    entry._state.adding, entry._state.db = False, connection.alias
    return entry


# Heads of the log that other apps have recorded.
ANCHOR_SOURCES: Registry[Callable[[], Iterable[Anchor]]] = Registry()


def external_anchors() -> list[Anchor]:
    """The anchors recorded by other apps."""
    return [anchor for source in ANCHOR_SOURCES for anchor in source()]


def head() -> tuple[int, str]:
    """Sequence number and hash of the last entry; (0, 64 zeros) of an empty log."""
    last = Entry.objects.order_by("-sequence").values_list("sequence", "hash").first()
    return last or (0, FIRST_PREVIOUS)


def verify(anchors: Iterable[Anchor] = (), *, limit: int = 100) -> list[LogFault]:
    """Walk the whole chain and compare it with the anchors; an empty list means that nothing was changed.

    Edited, deleted, swapped and inserted entries break the chain; a truncated or recomputed chain is found only by
    anchors; for purged entries the stored hashes are compared. Stops after about `limit` faults, in the order of the
    log. Memory does not grow with the log. Read the anchors before the call: one made during the walk may be newer than
    the entries that it sees.
    """
    pending: dict[int, list[Anchor]] = {}
    for anchor in anchors:
        pending.setdefault(anchor.sequence, []).append(anchor)
    purged = PurgedHashes()
    faults: list[LogFault] = []
    last, last_hash = purged.last, purged.hash_of(purged.last) or FIRST_PREVIOUS
    for number in sorted(number for number in pending if number <= last):
        faults += _against(pending.pop(number), purged.hash_of(number) if number else FIRST_PREVIOUS)
    left, purge_detail = 0, {}
    try:
        for entry in Entry.objects.order_by("sequence").iterator(chunk_size=2000):
            if 0 < entry.sequence <= purged.last:
                left += 1
                faults += _faults_of_retained(entry, purged.hash_of(entry.sequence))
            else:
                faults += _faults_of_entry(entry, last, last_hash)
                faults += _against(pending.pop(entry.sequence, ()), entry.hash)
                last, last_hash = entry.sequence, entry.hash
                purge_detail = entry.detail if entry.action == PURGE_ACTION else purge_detail
            if len(faults) >= limit:
                return faults
    except (DatabaseError, ValueError, TypeError, AttributeError) as error:
        # The application cannot have written an unreadable value; stop here.
        return [*faults, LogFault(last + 1, f"Từ mục số {last + 1} không đọc được: {error}")]
    faults += [LogFault(purged.last, message) for message in purged.faults(purge_detail, left)]
    for number in sorted(pending):
        faults += [_missing(anchor, last) for anchor in pending[number]]
    return faults


def _faults_of_retained(entry: Entry, expected: str) -> Iterator[LogFault]:
    """Faults of an entry that the purge retained, given its stored hash."""
    if entry.hash != expected or digest(entry) != expected:
        number = entry.sequence
        yield LogFault(number, f"Mục số {number} không khớp mã băm giữ lại khi thanh lý: nội dung đã bị sửa.")


def _faults_of_entry(entry: Entry, last: int, last_hash: str) -> Iterator[LogFault]:
    """Faults of an entry, given number and hash of the previous one."""
    number = entry.sequence
    if number > last + 1:
        gap = f"mục số {last + 1}" if number == last + 2 else f"các mục từ số {last + 1} đến số {number - 1}"
        yield LogFault(last + 1, f"Thiếu {gap}: đã bị xóa hoặc đổi số thứ tự.")
    elif number <= last:
        yield LogFault(number, f"Mục số {number} không nằm trong dãy số thứ tự: đã bị chèn thêm.")
    elif entry.previous_hash != last_hash:
        yield LogFault(
            number, f"Mục số {number} không nối với mục đứng trước: đã bị chèn, thay hoặc đổi chỗ."
        )
    if digest(entry) != entry.hash:
        yield LogFault(number, f"Mục số {number} không khớp mã băm: nội dung đã bị sửa.")


def _against(anchors: Iterable[Anchor], actual: str) -> Iterator[LogFault]:
    for number, expected, where in anchors:
        if expected != actual:
            yield LogFault(number, f"Mục số {number} khác mốc đã giữ{_at(where)}: nhật ký đã bị lập lại.")


def _missing(anchor: Anchor, last: int) -> LogFault:
    return LogFault(
        min(anchor.sequence, last + 1),
        f"Không còn mục số {anchor.sequence} như mốc đã giữ{_at(anchor.where)}: "
        f"nhật ký chỉ đến mục số {last}, phần cuối đã bị cắt.",
    )


def _at(where: str) -> str:
    return f" ({where})" if where else ""


def digest(entry: Entry) -> str:
    """The hash of the entry's content, as 64 hexadecimal digits."""
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


def head_in_turn(cursor: Any) -> tuple[int, str]:
    """Lock the log for this writer until the commit and return its head. SQLite has one writer anyway (BEGIN IMMEDIATE,
    see the settings). On PostgreSQL both statements go in one message, and the second sees what was committed while the
    first waited.
    """
    if connection.vendor == "postgresql":
        cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK}); {_HEAD}")
    else:
        cursor.execute(_HEAD)
    return cursor.fetchone() or (0, FIRST_PREVIOUS)


def _columns(entry: Entry, detail: str) -> list[Any]:
    """Parameters of _INSERT, which is plain SQL since the ORM takes ten times as long, while all other writers wait.

    detail: that of the entry as JSON.
    """
    at = connection.ops.adapt_datetimefield_value(entry.at)
    about = [entry.sequence, at, entry.actor, entry.actor_id, entry.action, entry.subject]
    return [*about, detail, entry.previous_hash, entry.hash]


def _aware(at: datetime) -> datetime:
    if timezone.is_naive(at):
        raise ValueError("ledger.log.append needs an aware time")
    return at


def _plain(detail: dict[str, Any]) -> dict[str, Any]:
    """The detail as the database will return it: dates, decimals and keys as text, tuples as lists."""
    text = json.dumps(detail, cls=DjangoJSONEncoder, ensure_ascii=False)
    plain = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    # Skip the walk without a NUL: a month has hundreds of values.
    if "\\u0000" in text:
        for value in _values(plain):
            if isinstance(value, str):
                _storable(value)
    return plain


def _no_float(text: str) -> None:
    raise TypeError(f"a float in the log would not survive storage: write {text} as text or whole number")


def _storable(text: str) -> str:
    """Reject text that PostgreSQL cannot store, on both databases. Errors: ValueError."""
    if "\0" in text:
        raise ValueError("a text in the log holds NUL")
    return text


def _values(value: Any) -> Iterator[Any]:
    """All keys and scalar values of nested dicts and lists."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _values(inner)
    else:
        yield value
