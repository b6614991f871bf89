"""The demo data, loaded once for all tests of the folder, and readers who are signed in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from reports import demo

AT = datetime(2022, 8, 12, 1, 30, tzinfo=UTC)


@pytest.fixture(scope="package")
def loaded(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Thanh Liêm in a transaction that is rolled back after the folder's last test."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        # As Django's own test case does: what must be outermost in production may run inside this one.
        outer._from_testcase = True
        outer.__enter__()
        try:
            demo.load_demo(Path(settings.BASE_DIR) / "fixtures" / "thanhliem", AT)
            yield
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)
