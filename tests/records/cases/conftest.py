"""Files in a folder of the test, and jobs that run when the test calls `work`."""

import pytest
from django.utils import timezone

from ledger import jobs
from tests.records.conftest import as_ as as_
from tests.records.conftest import cast as cast
from tests.records.conftest import fields as fields
from tests.records.conftest import july as july
from tests.records.conftest import people as people
from tests.records.conftest import sent as sent


@pytest.fixture(autouse=True)
def _apart(monkeypatch, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(jobs, "start_worker", lambda: None)


@pytest.fixture
def work():
    """work() runs the waiting jobs."""

    def do() -> None:
        while job := jobs.take_next(timezone.now()):
            jobs.carry_out(*job)

    return do
