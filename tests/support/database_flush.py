"""Lets Django empty all tables between transactional tests.

Triggers would refuse to empty the log and the reviews. On PostgreSQL, DELETE takes 0.05 s where TRUNCATE of 80 tables
takes 0.6.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connections
from django.db.backends.postgresql.operations import DatabaseOperations

from ledger import log
from reports import triggers


@pytest.fixture(scope="session", autouse=True)
def flush_lifts_triggers() -> Iterator[None]:
    """Remove the triggers during each flush."""
    refusing = flush.Command.handle

    def lifting(command: flush.Command, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor == "postgresql":
            return refusing(command, **options)
        log.remove_triggers(connection)
        triggers.remove(connection)
        try:
            refusing(command, **options)
        finally:
            triggers.install(connection)
            log.install_triggers(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", lifting)
        patch.setattr(DatabaseOperations, "sql_flush", _delete_rows)
        yield


def _delete_rows(operations: DatabaseOperations, style: Any, tables: list[str], **_: bool) -> list[str]:
    """One statement for all tables; in the replica role PostgreSQL fires no triggers and checks no foreign keys."""
    names = map(operations.quote_name, tables)
    return ["; DELETE FROM ".join(["SET LOCAL session_replication_role = replica", *names])]
