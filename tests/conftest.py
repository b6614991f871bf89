"""Fixtures of all tests: fast passwords, plain static files, and a flush that the append-only log survives."""

from importlib.util import find_spec

import pytest

# Kept apart by the room ledger/: lifts the log's triggers while Django flushes tables after a transactional test.
pytest_plugins = ["tests.ledger_triggers"] if find_spec("tests.ledger_triggers") else []


@pytest.fixture(autouse=True)
def _quick_and_plain(settings) -> None:
    """Passwords are hashed fast, and static names are not hashed: a live test server cannot serve those."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
