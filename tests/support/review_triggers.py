"""Let Django's flush between transactional tests empty the reviews, which the database otherwise refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connections

from reports import triggers


@pytest.fixture(scope="session", autouse=True)
def flush_lifts_review_triggers() -> Iterator[None]:
    """Lift the triggers for the time of a flush, and only then."""
    refusing = flush.Command.handle

    def lifting(command: flush.Command, **options: Any) -> None:
        connection = connections[options["database"]]
        triggers.remove(connection)
        try:
            refusing(command, **options)
        finally:
            triggers.install(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", lifting)
        yield
