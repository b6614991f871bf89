"""Sets environment variables for the tests: a pytest plugin, loaded before Django's settings.

The tests use the product's settings file. DATABASE_URL comes from the caller's environment, so that the same tests run
on SQLite and PostgreSQL, but never from a developer's .env file.
"""

import gc
import os
import tempfile

_data = tempfile.TemporaryDirectory(prefix="cchc-test-")

os.environ.update(CCHC_DEBUG="0", CCHC_DEMO="1", CCHC_TODAY="2022-08-12", CCHC_DATA=_data.name)
os.environ.setdefault("DATABASE_URL", "")


def pytest_collection_finish() -> None:
    """Freeze imported and collected objects, so that garbage collection skips them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_unconfigure() -> None:
    """Remove this run's data folder."""
    _data.cleanup()
