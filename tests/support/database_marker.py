"""Which tests have to do with a database: the others need no second run on PostgreSQL."""

import os
from collections.abc import Iterator

import pytest

_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those that ask for one; those that hand it to processes of their own say so themselves."""
    for item in items:
        if item.get_closest_marker("django_db") or _FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.database)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """No other test is told where the database is, so that none differs between two of them unnoticed."""
    with pytest.MonkeyPatch.context() as patch:
        if not item.get_closest_marker("database"):
            patch.setitem(os.environ, "DATABASE_URL", "")
        return (yield)
