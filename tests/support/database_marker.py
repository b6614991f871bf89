"""Which tests of the whole run need one database only: what the other one would tell is told already."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}

# Tests, by the beginning of their id, that send no statement which tests that run on both databases do not send as
# well, but for plain reads and writes of the ORM: measured by tests.support.statement_shapes.
_LISTED = Path(__file__).with_name("sqlite_only.txt").read_text(encoding="utf-8").splitlines()
SQLITE_ONLY = tuple(line for line in _LISTED if not line.startswith("#"))
# Tests of values that no form or address expects: PostgreSQL refuses what SQLite refuses, and more.
POSTGRESQL_ONLY = (
    "tests/bad_inputs/test_forms.py",
    "tests/bad_inputs/test_random_requests.py::test_no_request_makes_an_error_of_the_server[clerk",
    "tests/bad_inputs/test_random_requests.py::test_no_request_makes_an_error_of_the_server[reviewer",
    "tests/bad_inputs/test_requests.py",
)
# Random histories send the same statements again and again: so many of each run on PostgreSQL, the others on SQLite.
SEEDS = 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those that ask for a database; those that hand it to processes of their own say so themselves."""
    for item in items:
        if item.get_closest_marker("django_db") or _FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)
        if item.get_closest_marker("database"):
            seed = item.callspec.params.get("seed") if hasattr(item, "callspec") else None
            if item.nodeid.startswith(SQLITE_ONLY) or (seed or 0) >= SEEDS:
                item.add_marker(pytest.mark.sqlite_only)
            elif item.nodeid.startswith(POSTGRESQL_ONLY) or seed is not None:
                item.add_marker(pytest.mark.postgresql_only)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """No other test is told where the database is, so that none differs between two of them unnoticed."""
    with pytest.MonkeyPatch.context() as patch:
        if not item.get_closest_marker("database"):
            patch.setitem(os.environ, "DATABASE_URL", "")
        return (yield)
