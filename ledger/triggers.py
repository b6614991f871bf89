"""Triggers that make the log append-only in the database itself, whoever connects.

SQLite loses the triggers of a table that a migration rebuilds: a migration that alters `Entry` or `Purge` calls
`install` again (tests/ledger/test_append_only.py fails if it does not).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import TransactionManagementError

APPEND_ONLY_MESSAGE = "Nhật ký chỉ được ghi thêm, không được sửa hoặc xóa."
# Tables that only grow, and the columns by which SQLite's INSERT OR REPLACE could put out an older row: it removes the
# old row without asking the trigger of DELETE.
_TABLES = {"ledger_entry": ("sequence", "hash"), "ledger_purge": ("last",)}
_KINDS = ("update", "delete", "replace")
_FUNCTION = "ledger_entry_refuse"


def install(connection: BaseDatabaseWrapper) -> None:
    """Forbid UPDATE, DELETE and (PostgreSQL) TRUNCATE on the log; harmless where they are forbidden already. A table
    that a later migration makes is guarded when that one calls this again.
    """
    _run(connection, _install(connection))


def remove(connection: BaseDatabaseWrapper) -> None:
    """Lift the prohibition: for undoing the migration and for the test runner's flush, nothing else."""
    _run(connection, _remove(connection))


@contextmanager
def deletion_allowed(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let the caller's transaction delete entries, and nobody else's: what it lifts comes back with its end, whichever
    way. On PostgreSQL only the table's owner may, and writers of others wait; the caller has taken its turn first.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("the log's trigger is lifted inside a transaction only")
    if connection.vendor == "sqlite":
        lift, put_back = (
            "DROP TRIGGER ledger_entry_no_delete",
            _sqlite("ledger_entry", "delete", "DELETE", "1"),
        )
    else:
        change = "ALTER TABLE ledger_entry {} TRIGGER ledger_entry_append_only"
        lift, put_back = change.format("DISABLE"), change.format("ENABLE")
    _run(connection, [lift])
    yield
    _run(connection, [put_back])


def _present(connection: BaseDatabaseWrapper) -> list[str]:
    return [name for name in _TABLES if name in connection.introspection.table_names()]


def _install(connection: BaseDatabaseWrapper) -> Iterator[str]:
    if connection.vendor == "sqlite":
        for table in _present(connection):
            same = " OR ".join(f"{name} = NEW.{name}" for name in _TABLES[table])
            yield _sqlite(table, "update", "UPDATE", "1")
            yield _sqlite(table, "delete", "DELETE", "1")
            yield _sqlite(table, "replace", "INSERT", f"EXISTS (SELECT 1 FROM {table} WHERE {same})")  # noqa: S608 (our own names)
        return
    yield f"""CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{APPEND_ONLY_MESSAGE}'; END $$"""
    for table in _present(connection):
        yield f"""CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
            ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()"""


def _sqlite(table: str, what: str, act: str, when: str) -> str:
    return f"""CREATE TRIGGER IF NOT EXISTS {table}_no_{what} BEFORE {act} ON {table} WHEN {when}
        BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY_MESSAGE}'); END"""


def _remove(connection: BaseDatabaseWrapper) -> Iterator[str]:
    if connection.vendor == "sqlite":
        yield from (f"DROP TRIGGER IF EXISTS {table}_no_{what}" for table in _TABLES for what in _KINDS)
        return
    yield from (f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}" for table in _present(connection))
    yield f"DROP FUNCTION IF EXISTS {_FUNCTION}()"


def _run(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
