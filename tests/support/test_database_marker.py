"""Every test that the marker lists for one database exists."""

from pathlib import Path

import pytest

from .database_marker import POSTGRESQL_ONLY, SQLITE_ONLY

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("beginning", SQLITE_ONLY + POSTGRESQL_ONLY)
def test_a_place_that_needs_one_database_exists(beginning):
    path, _, name = beginning.partition("::")
    assert (ROOT / path).exists()
    assert not name or f"def {name.split('[')[0]}(" in (ROOT / path).read_text()
