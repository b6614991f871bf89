"""Databases that released versions left, migrated by today's code, answer as those versions did (docs/upgrades.md)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.support.server import ROOT
from tests.upgrade.answers import lacking

RELEASES = sorted((ROOT / "tests" / "upgrade").glob("[0-9]*"))


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Variables of one without a table: a file, or one of its own on the server that the tests run on."""
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


@pytest.mark.parametrize("release", RELEASES, ids=lambda one: one.name)
def test_a_released_database_answers_as_it_did(release, empty_database):
    command = [sys.executable, "-m", "tests.upgrade.check", str(release)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | empty_database, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_other_or_lacks_is_told():
    """Guards the test above; a newer version may say more."""
    was = {"total": {"received": 5, "names": ["a", "b"]}, "page": {"status": 200}}
    assert list(lacking(was, was | {"more": 1, "total": was["total"] | {"more": None}})) == []
    now = {"total": {"received": None, "names": ["b"]}}
    places = [told.split(" ")[0].rstrip(":") for told in lacking(was, now)]
    assert places == ["/total/received", "/total/names", "/page"]
