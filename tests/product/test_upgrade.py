"""Databases of released versions, migrated by today's code, give the same answers as before (docs/upgrades.md)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.support.server import ROOT
from tests.upgrade.answers import changed_values

RELEASES = sorted((ROOT / "tests" / "upgrade").glob("[0-9]*"))


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment of an empty database: a file, or a new database on the tests' server."""
    server, _, _ = os.environ.get("DATABASE_URL", "").rpartition("/")
    name = f"upgrade_{os.getpid()}"
    if not server:
        yield {"CCHC_DATA": str(tmp_path)}
        return
    with closing(psycopg2.connect(f"{server}/postgres")) as base:
        base.autocommit = True
        base.cursor().execute(f"CREATE DATABASE {name}")
        yield {"CCHC_DATA": str(tmp_path), "DATABASE_URL": f"{server}/{name}"}
        base.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("release", RELEASES, ids=lambda folder: folder.name)
def test_a_released_database_answers_as_it_did(release, empty_database):
    command = [sys.executable, "-m", "tests.upgrade.check", str(release)]
    result = subprocess.run(
        command, cwd=ROOT, env=os.environ | empty_database, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_changed_and_missing_answers_are_reported():
    """Guards the test above; a newer version may add to the answers."""
    was = {"total": {"received": 5, "names": ["a", "b"]}, "page": {"status": 200}}
    assert list(changed_values(was, was | {"more": 1, "total": was["total"] | {"more": None}})) == []
    now = {"total": {"received": None, "names": ["b"]}}
    places = [difference.split(" ")[0].rstrip(":") for difference in changed_values(was, now)]
    assert places == ["/total/received", "/total/names", "/page"]
