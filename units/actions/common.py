"""What every change of the tree needs."""

from django.db import connection

from units.models import Unit

# Any fixed number that nothing else locks on ("UNIT" in ASCII): the tree has one writer at a time.
_LOCK = 0x554E4954


def subject(unit: Unit) -> str:
    """How the log names a unit."""
    return f"unit:{unit.pk}"


def lock_tree() -> None:
    """One writer of the tree at a time, to the end of the transaction (SQLite has only one anyway)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
