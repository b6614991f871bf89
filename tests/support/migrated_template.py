"""A migrated database to copy from, cached under build/: migrating takes 6 of the 10 seconds of a single test.

A template's name contains a digest of everything that migrating reads, so that a stale one is never copied.
"""

import ast
import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.creation import BaseDatabaseCreation

FOLDER = Path(settings.BASE_DIR) / "build" / "test-databases"
KEPT = 4  # templates of other branches, for each kind of database


@pytest.fixture(scope="session", autouse=True)
def databases_from_template() -> Iterator[None]:
    """Make Django copy a migrated database if there is one, and migrate otherwise."""
    migrating = BaseDatabaseCreation.create_test_db

    def copying(creation: BaseDatabaseCreation, *rest: Any, **options: Any) -> str:
        connection = creation.connection
        if connection.vendor == "postgresql" and not (shutil.which("pg_dump") and shutil.which("psql")):
            return migrating(creation, *rest, **options)
        with _locked():
            template = FOLDER / f"{connection.vendor}-{digest()}"
            if template.exists():
                return _copied(creation, template, **options)
            name = migrating(creation, *rest, **options)
            _keep(connection, template)
        return name

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseCreation, "create_test_db", copying)
        yield


def digest() -> str:
    """Of the migrations, the project's modules that they import, the lock files and the installed packages."""
    files = {Path(settings.BASE_DIR) / "requirements.txt"}
    for config in apps.get_app_configs():
        if Path(config.path).parent == Path(settings.BASE_DIR):
            for migration in Path(config.path, "migrations").glob("*.py"):
                files |= {migration, *_imported(migration)}
    sha256 = hashlib.sha256(repr([settings.INSTALLED_APPS, settings.CACHES]).encode())
    for file in sorted(files):
        sha256.update(f"{file.relative_to(settings.BASE_DIR)}\n".encode() + file.read_bytes())
    return sha256.hexdigest()[:16]


def _imported(migration: Path) -> Iterator[Path]:
    """The project's files that a migration imports from."""
    for node in ast.walk(ast.parse(migration.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in (node.module, *(f"{node.module}.{name.name}" for name in node.names)):
                file = Path(settings.BASE_DIR, *name.split(".")).with_suffix(".py")
                if file.is_file():
                    yield file


@contextmanager
def _locked() -> Iterator[None]:
    """One process migrates; others wait for its template."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copied(
    creation: BaseDatabaseCreation, template: Path, verbosity=1, autoclobber=False, keepdb=False, **_
) -> str:
    """Django's `create_test_db` with a copy instead of `migrate`."""
    connection = creation.connection
    name = creation._get_test_db_name()
    creation._create_test_db(verbosity, autoclobber, keepdb)
    connection.close()
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(template)) as source:
            source.backup(connection.connection)
    else:
        _run(
            connection,
            "psql",
            "-X",
            "-q",
            "-1",
            "-v",
            "ON_ERROR_STOP=1",
            "-o",
            os.devnull,
            "-f",
            str(template),
        )
        connection.ensure_connection()
    os.utime(template)
    call_command("createcachetable", database=connection.alias)
    return name


def _keep(connection: BaseDatabaseWrapper, template: Path) -> None:
    """Write the template atomically, and delete the oldest."""
    unfinished = template.with_name(f"{template.name}.new")
    unfinished.unlink(missing_ok=True)
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with closing(sqlite3.connect(unfinished)) as target:
            connection.connection.backup(target)
    else:
        _run(connection, "pg_dump", "--no-owner", "-f", str(unfinished))
    unfinished.replace(template)
    templates = FOLDER.glob(f"{connection.vendor}-*")
    for old in sorted(templates, key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink()


def _run(connection: BaseDatabaseWrapper, program: str, *options: str) -> None:
    command, variables = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
    subprocess.run([program, *options, *command[1:]], check=True, env=os.environ | (variables or {}))
