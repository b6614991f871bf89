"""Database triggers that keep a frozen review unchanged, whoever connects."""

from collections.abc import Iterable, Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

# After freezing only number, day of issue and the step frozen → issued may change, and nothing can be deleted.
# SQLite drops the triggers of a table that a migration rebuilds: a migration that alters one of these tables must
# call `install` again.

REFUSAL = "Báo cáo đã chốt số liệu không được sửa hoặc xóa."
# Everything but number, issued_on and state.
_FROZEN_COLUMNS = (
    "unit_id", "period", "title", "decimals", "header", "signer", "recipients", "created_by", "created_at", "frozen",
    "frozen_sha256", "frozen_at", "frozen_by", "frozen_reason", "pdf_name", "pdf_sha256", "replaces_id",
    "units_of",
)  # fmt: skip
_STEP_BACK = "(OLD.state <> NEW.state AND NOT (OLD.state = 'frozen' AND NEW.state = 'issued'))"
_REVIEW = "reports_review"
# Insert-only tables, and the unique columns by which SQLite's INSERT OR REPLACE could delete an older row.
_ONLY_ADDED = {"reports_frozenform": ("id", "review_id", "code"), "reports_signedfile": ("id",)}


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers; existing ones stay. Tables and columns that do not exist yet are left out."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        columns = {column.name for column in connection.introspection.get_table_description(cursor, _REVIEW)}
        for statement in _install(connection.vendor, tables, columns):
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers: only for undoing the migration and for the test runner's flush."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for statement in _remove(connection.vendor, tables):
            cursor.execute(statement)


def _change_condition(differs: str, columns: Iterable[str]) -> str:
    names = [name for name in _FROZEN_COLUMNS if name in columns]
    return " OR ".join([_STEP_BACK, *(f"OLD.{name} {differs} NEW.{name}" for name in names)])


def _install(vendor: str, tables: Iterable[str], columns: Iterable[str]) -> Iterator[str]:
    if vendor == "sqlite":
        yield _refuse(
            _REVIEW,
            "update",
            "UPDATE",
            f"OLD.frozen_at IS NOT NULL AND ({_change_condition('IS NOT', columns)})",
        )
        yield _refuse(_REVIEW, "delete", "DELETE", "OLD.frozen_at IS NOT NULL")
        for table in _ONLY_ADDED.keys() & tables:
            same = " OR ".join(f"{name} = NEW.{name}" for name in _ONLY_ADDED[table])
            yield _refuse(table, "update", "UPDATE", "1")
            yield _refuse(table, "delete", "DELETE", "1")
            yield _refuse(table, "replace", "INSERT", f"EXISTS (SELECT 1 FROM {table} WHERE {same})")  # noqa: S608
        return
    yield f"""CREATE OR REPLACE FUNCTION reports_review_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"""
    for what, when in (
        ("update", f" AND ({_change_condition('IS DISTINCT FROM', columns)})"),
        ("delete", ""),
    ):
        yield f"""CREATE OR REPLACE TRIGGER {_REVIEW}_frozen_{what} BEFORE {what} ON {_REVIEW} FOR EACH ROW
            WHEN (OLD.frozen_at IS NOT NULL{when}) EXECUTE FUNCTION reports_review_refuse()"""
    for table in _ONLY_ADDED.keys() & tables:
        yield f"""CREATE OR REPLACE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION reports_review_refuse()"""


def _refuse(table: str, what: str, act: str, when: str) -> str:
    return f"""CREATE TRIGGER IF NOT EXISTS {table}_frozen_{what} BEFORE {act} ON {table} WHEN {when}
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"""


def _remove(vendor: str, tables: Iterable[str]) -> Iterator[str]:
    added = sorted(_ONLY_ADDED.keys() & tables)
    names = {_REVIEW: ("update", "delete")} | dict.fromkeys(added, ("update", "delete", "replace"))
    if vendor == "sqlite":
        for table, kinds in names.items():
            yield from (f"DROP TRIGGER IF EXISTS {table}_frozen_{what}" for what in kinds)
        return
    yield from (f"DROP TRIGGER IF EXISTS {_REVIEW}_frozen_{what} ON {_REVIEW}" for what in names[_REVIEW])
    yield from (f"DROP TRIGGER IF EXISTS {table}_frozen ON {table}" for table in added)
    yield "DROP FUNCTION IF EXISTS reports_review_refuse()"
