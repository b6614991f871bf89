"""Triggers that make the log append-only in the database itself, whoever connects.

SQLite loses the triggers of a table that a migration rebuilds: a migration that alters `Entry` calls `install` again
(tests/ledger/test_append_only.py fails if it does not).
"""

from django.db.backends.base.base import BaseDatabaseWrapper

_INSTALL = {
    "sqlite": (
        """CREATE TRIGGER IF NOT EXISTS ledger_entry_no_update BEFORE UPDATE ON ledger_entry
            BEGIN SELECT RAISE(ABORT, 'Nhật ký chỉ được ghi thêm, không được sửa hoặc xóa.'); END""",
        """CREATE TRIGGER IF NOT EXISTS ledger_entry_no_delete BEFORE DELETE ON ledger_entry
            BEGIN SELECT RAISE(ABORT, 'Nhật ký chỉ được ghi thêm, không được sửa hoặc xóa.'); END""",
        # INSERT OR REPLACE removes the old row without asking the delete trigger.
        """CREATE TRIGGER IF NOT EXISTS ledger_entry_no_replace BEFORE INSERT ON ledger_entry
            WHEN EXISTS (SELECT 1 FROM ledger_entry WHERE sequence = NEW.sequence OR hash = NEW.hash)
            BEGIN SELECT RAISE(ABORT, 'Nhật ký chỉ được ghi thêm, không được sửa hoặc xóa.'); END""",
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION ledger_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'Nhật ký chỉ được ghi thêm, không được sửa hoặc xóa.'; END $$""",
        """CREATE OR REPLACE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
            ON ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_refuse()""",
    ),
}
_REMOVE = {
    "sqlite": (
        "DROP TRIGGER IF EXISTS ledger_entry_no_update",
        "DROP TRIGGER IF EXISTS ledger_entry_no_delete",
        "DROP TRIGGER IF EXISTS ledger_entry_no_replace",
    ),
    "postgresql": (
        "DROP TRIGGER IF EXISTS ledger_entry_append_only ON ledger_entry",
        "DROP FUNCTION IF EXISTS ledger_entry_refuse()",
    ),
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Forbid UPDATE, DELETE and (PostgreSQL) TRUNCATE on the log; harmless where they are forbidden already."""
    _run(connection, _INSTALL)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Lift the prohibition: for undoing the migration and for the test runner's flush, nothing else."""
    _run(connection, _REMOVE)


def _run(connection: BaseDatabaseWrapper, statements: dict[str, tuple[str, ...]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
