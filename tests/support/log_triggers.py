"""Let Django's flush between transactional tests empty the log, which the database otherwise refuses.

Hook it up in conftest.py with `pytest_plugins = ["tests.support.log_triggers"]`.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connections

from ledger import log


@pytest.fixture(scope="session", autouse=True)
def flush_lifts_log_triggers() -> Iterator[None]:
    """Lift the triggers for the time of a flush, and only then."""
    refusing = flush.Command.handle

    def lifting(command: flush.Command, **options: Any) -> None:
        connection = connections[options["database"]]
        log.remove_triggers(connection)
        try:
            refusing(command, **options)
        finally:
            log.install_triggers(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", lifting)
        yield
