"""Give back the rows that a database is born with, once Django's flush after a transactional test has taken them.

Migrations write them a single time; without this a later test fails or passes by the order in which tests run.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.management.commands import flush

# The migrations that write rows, each with a function `create(apps, schema_editor)` that may run again.
WRITING = ("records.migrations.0003_undivided_field",)
# Those that change rows which are there, and leave an empty database empty.
CHANGING = (
    "records.migrations.0012_edition_sender",
    "units.migrations.0011_sealed_factors",
    "units.migrations.0013_places",
    "units.migrations.0015_typed_forgotten",
    "units.migrations.0016_account_origin",
)


@pytest.fixture(scope="session", autouse=True)
def flush_keeps_born_rows() -> Iterator[None]:
    """Write them again after each flush."""
    emptying = flush.Command.handle

    def giving_back(command: flush.Command, **options: Any) -> None:
        emptying(command, **options)
        for name in WRITING:
            import_module(name).create(apps, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", giving_back)
        yield
