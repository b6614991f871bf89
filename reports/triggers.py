"""Triggers that keep a frozen review as it is, in the database itself, whoever connects.

After freezing only number, day of issue and the step frozen → issued may still change, and nothing can be deleted.
SQLite loses the triggers of a table that a migration rebuilds: a migration that alters `Review` calls `install` again.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

TOLD = "Báo cáo đã chốt số liệu không được sửa hoặc xóa."
# Everything but number, issued_on and state.
_KEPT = (
    "unit_id", "period", "title", "decimals", "header", "signer", "recipients", "created_by", "created_at", "frozen",
    "frozen_sha256", "frozen_at", "frozen_by", "frozen_reason", "pdf_name", "pdf_sha256", "replaces_id",
)  # fmt: skip
_STEP_BACK = "(OLD.state <> NEW.state AND NOT (OLD.state = 'frozen' AND NEW.state = 'issued'))"


def _changed(differs: str) -> str:
    return " OR ".join([_STEP_BACK, *(f"OLD.{name} {differs} NEW.{name}" for name in _KEPT)])


_INSTALL = {
    "sqlite": (
        f"""CREATE TRIGGER IF NOT EXISTS reports_review_frozen_update BEFORE UPDATE ON reports_review
            WHEN OLD.frozen_at IS NOT NULL AND ({_changed("IS NOT")})
            BEGIN SELECT RAISE(ABORT, '{TOLD}'); END""",
        f"""CREATE TRIGGER IF NOT EXISTS reports_review_frozen_delete BEFORE DELETE ON reports_review
            WHEN OLD.frozen_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{TOLD}'); END""",
    ),
    "postgresql": (
        f"""CREATE OR REPLACE FUNCTION reports_review_refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{TOLD}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        f"""CREATE OR REPLACE TRIGGER reports_review_frozen_update BEFORE UPDATE ON reports_review FOR EACH ROW
            WHEN (OLD.frozen_at IS NOT NULL AND ({_changed("IS DISTINCT FROM")}))
            EXECUTE FUNCTION reports_review_refuse()""",
        """CREATE OR REPLACE TRIGGER reports_review_frozen_delete BEFORE DELETE ON reports_review FOR EACH ROW
            WHEN (OLD.frozen_at IS NOT NULL) EXECUTE FUNCTION reports_review_refuse()""",
    ),
}
_REMOVE = {
    "sqlite": (
        "DROP TRIGGER IF EXISTS reports_review_frozen_update",
        "DROP TRIGGER IF EXISTS reports_review_frozen_delete",
    ),
    "postgresql": (
        "DROP TRIGGER IF EXISTS reports_review_frozen_update ON reports_review",
        "DROP TRIGGER IF EXISTS reports_review_frozen_delete ON reports_review",
        "DROP FUNCTION IF EXISTS reports_review_refuse()",
    ),
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Forbid changing and deleting what is frozen; harmless where that is forbidden already."""
    _run(connection, _INSTALL)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Lift the prohibition: for undoing the migration and for the test runner's flush, nothing else."""
    _run(connection, _REMOVE)


def _run(connection: BaseDatabaseWrapper, statements: dict[str, tuple[str, ...]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
