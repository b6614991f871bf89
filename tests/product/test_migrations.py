"""A migration is applied whole or not at all (acceptance R11), and /readyz reports a database of another version."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

import ledger.migrations
from ledger.models import IdempotencyKey
from tests.planted_migrations import MODULES, VARIABLE
from tests.support import fingerprints
from tests.support.server import ROOT

OWN_LAST = max(path.stem for path in Path(ledger.migrations.__file__).parent.glob("[0-9]*.py"))


@pytest.mark.django_db
def test_every_migration_is_one_transaction():
    """Those of the packages as well, as they run in the same `migrate`."""
    migrations = MigrationLoader(connection).disk_migrations
    assert {"ledger", "units", "records", "reports", "axes", "otp_totp"} <= {app for app, _ in migrations}
    assert [name for name, migration in migrations.items() if not migration.atomic] == []


@pytest.fixture
def planted(settings) -> None:
    """The planted migration, in this process too."""
    settings.MIGRATION_MODULES = MODULES


@pytest.fixture
def apart(transactional_db, tmp_path: Path) -> dict[str, str]:
    """Environment with which another process opens this database; on SQLite (in memory) a copy of it in a file."""
    IdempotencyKey.objects.create(scope="13474", key="1", request_hash="0" * 64, status=200, answer={"ok": 1})
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(tmp_path / "cchc.sqlite3")])
        return {"CCHC_DATA": str(tmp_path)}
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    return {"CCHC_DATA": str(tmp_path), "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}"}


def fingerprints_in(apart: dict[str, str]) -> dict[str, str]:
    """Fingerprints of the other process's database."""
    if connection.vendor == "postgresql":
        return fingerprints.table_digests(connection, "postgresql")
    with closing(sqlite3.connect(Path(apart["CCHC_DATA"]) / "cchc.sqlite3")) as file:
        return fingerprints.table_digests(file, "sqlite")


@pytest.mark.parametrize(("ending", "code"), [("error", 1), ("kill", -9)])
def test_migration_that_ends_half_way_changes_nothing(apart, ending, code):
    before = fingerprints_in(apart)
    command = [sys.executable, "-m", "tests.planted_migrations", "migrate", "ledger"]
    variables = os.environ | apart | {VARIABLE: ending}
    ended = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stderr
    assert "Applying ledger.9001_half_way" in ended.stdout
    assert fingerprints.differing(before, fingerprints_in(apart)) == []


def test_the_same_migration_let_through_changes_what_is_compared(transactional_db, planted):
    """Guards the test above."""
    before = fingerprints.table_digests(connection, connection.vendor)
    IdempotencyKey.objects.create(scope="13474", key="1", request_hash="0" * 64)
    call_command("migrate", "ledger", verbosity=0)
    after = fingerprints.table_digests(connection, connection.vendor)
    call_command("migrate", "ledger", OWN_LAST, verbosity=0)
    changed = {fingerprints.SCHEMA, "ledger_planted", "ledger_idempotencykey", "django_migrations"}
    assert changed <= set(fingerprints.differing(before, after))


def test_pending_migration_is_reported(db, planted, client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"migrations\n")


def test_database_of_a_newer_version_is_reported(db, client):
    """Older code was installed again without restoring the backup."""
    assert client.get("/readyz").status_code == 200
    MigrationRecorder(connection).record_applied("ledger", "9001_half_way")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"migrations\n")
