"""/readyz reports a full or failed disk (acceptance R4, R13)."""

import shutil
from collections import namedtuple

import pytest

from cchc_dashboard.monitoring import health

pytestmark = pytest.mark.django_db
MB = 1024 * 1024
Usage = namedtuple("Usage", "total used free")


def readiness(client) -> tuple[int, str]:
    answer = client.get("/readyz")
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize(("free", "status"), [(499 * MB, 503), (500 * MB, 200)])
def test_a_nearly_full_disk_is_reported(client, monkeypatch, free, status):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(1, 1, free))
    assert readiness(client) == (status, "ok\n" if status == 200 else "disk\n")
    assert client.get("/healthz").status_code == 200


def test_a_disk_that_takes_no_writes_is_reported_though_it_has_room(client, monkeypatch, settings, tmp_path):
    """On a failed disk SQLite reports success for an update that changes nothing."""
    settings.DATA_DIR = tmp_path
    assert readiness(client) == (200, "ok\n")

    def failing(**_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(health.tempfile, "TemporaryFile", failing)
    assert readiness(client) == (503, "disk\n")
