"""The database part of a backup: one consistent copy, and its return, on SQLite and on PostgreSQL.

Copying the file of a live SQLite database was stale or broken 20 times of 20 in a trial, VACUUM INTO never; on
PostgreSQL pg_dump and the row counts read the same exported snapshot.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ledger import log
from ledger.models import Entry

SQLITE_FILE = "database.sqlite3"
POSTGRESQL_FILE = "database.dump"
# The name comes from the database's own list of tables and is quoted; identifiers cannot be parameters.
_COUNT = 'SELECT COUNT(*) FROM "{}"'
_DROP_TABLES = """
    SET lock_timeout = '60s';
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
            EXECUTE format('DROP TABLE %I CASCADE', name);
        END LOOP;
    END $$;
"""


class CopyError(Exception):
    """The database tool failed; the message is in Vietnamese, with what the tool said."""


class Holdings(NamedTuple):
    """What a database holds: rows by table, and sequence number and hash of the log's last entry."""

    tables: dict[str, int]
    log_head: tuple[int, str]


def take(connection: BaseDatabaseWrapper, folder: Path) -> Holdings:
    """Copy the database into a file in the folder; must not run inside a transaction. Errors: CopyError."""
    return (
        _take_sqlite(connection, folder)
        if connection.vendor == "sqlite"
        else _take_postgresql(connection, folder)
    )


def put_back(connection: BaseDatabaseWrapper, folder: Path) -> None:
    """Replace the whole database by the copy in the folder, all or nothing. Errors: CopyError."""
    if connection.vendor == "sqlite":
        _put_back_sqlite(connection, folder)
    else:
        _put_back_postgresql(connection, folder)


def holdings(connection: BaseDatabaseWrapper) -> Holdings:
    """What the live database holds."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        # SQLite's own, such as the statistics that ANALYZE leaves, are not ours to compare.
        return _holdings(cursor, [name for name in tables if not name.startswith("sqlite_")])


def _holdings(cursor: Any, tables: list[str]) -> Holdings:
    head = None
    # A database that was never migrated can be copied too.
    if Entry._meta.db_table in tables:
        cursor.execute("SELECT sequence, hash FROM ledger_entry ORDER BY sequence DESC LIMIT 1")
        head = cursor.fetchone()
    return Holdings(_count(cursor, tables), head or (0, log.FIRST_PREVIOUS))


def _count(cursor: Any, tables: Iterable[str]) -> dict[str, int]:
    counts = {}
    for name in sorted(tables):
        cursor.execute(_COUNT.format(name.replace('"', '""')))
        counts[name] = cursor.fetchone()[0]
    return counts


def _take_sqlite(connection: BaseDatabaseWrapper, folder: Path) -> Holdings:
    path = folder / SQLITE_FILE
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(path)])
    path.chmod(0o600)
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    copy = _open_read_only(path)
    try:
        cursor = copy.cursor()
        tables = cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
        )
        return _holdings(cursor, [name for (name,) in tables.fetchall()])
    finally:
        copy.close()


def _put_back_sqlite(connection: BaseDatabaseWrapper, folder: Path) -> None:
    """Through SQLite's own backup: one transaction, under the locks of whoever still has the database open."""
    copy = _open_read_only(folder / SQLITE_FILE)
    try:
        connection.ensure_connection()
        copy.backup(connection.connection)
    except (sqlite3.Error, DatabaseError) as error:
        place = connection.settings_dict["NAME"]
        raise CopyError(
            f"Không ghi được vào {place}: {error}. Nếu tệp này đã hỏng, hãy chuyển nó đi nơi khác rồi làm lại."
        ) from error
    finally:
        copy.close()


def _open_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _take_postgresql(connection: BaseDatabaseWrapper, folder: Path) -> Holdings:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        path = folder / POSTGRESQL_FILE
        options = [
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            f"--file={path}",
        ]
        with _start(connection, "pg_dump", [*options, "--no-password"]) as dump:
            dump.finish()
        path.chmod(0o600)
        return holdings(connection)


def _put_back_postgresql(connection: BaseDatabaseWrapper, folder: Path) -> None:
    """In one transaction, committed only after the whole dump was read; tables that it does not hold go too."""
    connection.close()
    script = [
        "--clean",
        "--if-exists",
        "--no-owner",
        "--no-privileges",
        "--file=-",
        str(folder / POSTGRESQL_FILE),
    ]
    options = [
        "--no-password",
        "--no-psqlrc",
        "--quiet",
        "--output=/dev/null",
        "--set=ON_ERROR_STOP=1",
        "--file=-",
    ]
    with _start(connection, "psql", options) as psql, _Tool([_path("pg_restore"), *script], {}) as dump:
        try:
            psql.input.write(b"BEGIN;" + _DROP_TABLES.encode())
            shutil.copyfileobj(dump.output, psql.input)
            dump.finish()
            psql.input.write(b"COMMIT;")
        except BrokenPipeError:
            psql.finish()
            raise
        psql.finish()


class _Tool:
    """A running client program; leaving the block without `finish` kills it, which undoes its transaction."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._name = Path(command[0]).name
        # A file, not a pipe: nobody reads what the program says before it ends.
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    @property
    def input(self) -> IO[bytes]:
        return self._process.stdin

    @property
    def output(self) -> IO[bytes]:
        return self._process.stdout

    def finish(self) -> None:
        """Close its input and wait. Errors: CopyError with its own words when it failed."""
        self._process.communicate()
        if self._process.returncode:
            self._said.seek(0)
            said = self._said.read().decode(errors="replace").strip()
            raise CopyError(f"{self._name} báo lỗi: {said}")

    def __enter__(self) -> "_Tool":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        # What was still to be written to a program that ended early is of no use to anyone.
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._said.close()


def _start(connection: BaseDatabaseWrapper, program: str, options: list[str]) -> _Tool:
    """Run a client program against the database; the password goes by the environment, where `ps` does not show it."""
    command, environment = connection.client.settings_to_cmd_args_env(connection.settings_dict, options)
    return _Tool([_path(program), *command[1:]], environment or {})


def _path(program: str) -> str:
    found = shutil.which(program)
    if not found:
        raise CopyError(f"Thiếu chương trình {program}: hãy cài gói postgresql-client.")
    return found
