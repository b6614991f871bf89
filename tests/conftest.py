"""Fixtures of all tests: fast passwords, plain static files, and a flush that the append-only log survives."""

import os

import hypothesis
import pytest

from cchc_dashboard.charset import Utf8Request

pytest_plugins = [
    "tests.support.database_marker",
    "tests.support.database_flush",
    "tests.support.fresh_tables",
    "tests.support.migrated_template",
]

# A busy machine is slow, not wrong; and what lands must not depend on the luck of one run's draws.
hypothesis.settings.register_profile("cchc", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("cchc")


@pytest.fixture(autouse=True)
def _quick_and_plain(settings, monkeypatch) -> None:
    """Requests are read as by the product itself. Passwords are hashed fast, and static names are not hashed: a live
    test server cannot serve those. All tests ask /verify/ from one address, and tokens have the same numbers in each:
    those that slow them down set their own limit. WhiteNoise lists no collected files, which another process may be
    writing.
    """
    monkeypatch.setattr("django.test.client.WSGIRequest", Utf8Request)
    settings.VERIFY_LIMIT = settings.API_LIMIT = 100_000
    settings.STATIC_ROOT = None
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
