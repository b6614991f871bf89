"""Backup of database and media while the server runs, and restore, on SQLite and PostgreSQL."""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from core import database

from . import log
from .models import Entry

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
    """The database tool failed; the message is in Vietnamese, with the tool's output."""


class DatabaseContents(NamedTuple):
    """Rows by table, and sequence number and hash of the log's last entry."""

    tables: dict[str, int]
    log_head: tuple[int, str]


def copy_database(connection: BaseDatabaseWrapper, folder: Path) -> DatabaseContents:
    """Copy the database into a file in the folder; must not run inside a transaction. Errors: CopyError."""
    return (
        _take_sqlite(connection, folder)
        if connection.vendor == "sqlite"
        else _take_postgresql(connection, folder)
    )


def restore_database(connection: BaseDatabaseWrapper, folder: Path) -> None:
    """Replace the database with the copy in the folder, all or nothing. Errors: CopyError."""
    if connection.vendor == "sqlite":
        _put_back_sqlite(connection, folder)
    else:
        _put_back_postgresql(connection, folder)


def database_contents(connection: BaseDatabaseWrapper) -> DatabaseContents:
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        # Not SQLite's own tables, such as the statistics of ANALYZE.
        return _contents(cursor, [name for name in tables if not name.startswith("sqlite_")])


def _contents(cursor: Any, tables: list[str]) -> DatabaseContents:
    head = None
    # A database that was never migrated can be copied too.
    if Entry._meta.db_table in tables:
        cursor.execute("SELECT sequence, hash FROM ledger_entry ORDER BY sequence DESC LIMIT 1")
        head = cursor.fetchone()
    return DatabaseContents(_count(cursor, tables), head or (0, log.FIRST_PREVIOUS))


def _count(cursor: Any, tables: Iterable[str]) -> dict[str, int]:
    counts = {}
    for name in sorted(tables):
        cursor.execute(_COUNT.format(name.replace('"', '""')))
        counts[name] = cursor.fetchone()[0]
    return counts


def _take_sqlite(connection: BaseDatabaseWrapper, folder: Path) -> DatabaseContents:
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
        return _contents(cursor, [name for (name,) in tables.fetchall()])
    finally:
        copy.close()


def _put_back_sqlite(connection: BaseDatabaseWrapper, folder: Path) -> None:
    """By SQLite's backup API: one transaction, which respects the locks of open connections."""
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


def _take_postgresql(connection: BaseDatabaseWrapper, folder: Path) -> DatabaseContents:
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
        return database_contents(connection)


def _put_back_postgresql(connection: BaseDatabaseWrapper, folder: Path) -> None:
    """In one transaction, committed only after the whole dump was read; drops tables that it does not contain."""
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
    """A running client program; leaving the block without `finish` kills it, which rolls its transaction back."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._name = Path(command[0]).name
        # A file, not a pipe, since it is read only after the program ends.
        self._stderr = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )

    @property
    def input(self) -> IO[bytes]:
        return self._process.stdin

    @property
    def output(self) -> IO[bytes]:
        return self._process.stdout

    def finish(self) -> None:
        """Close its input and wait. Errors: CopyError with its stderr if it failed."""
        self._process.communicate()
        if self._process.returncode:
            self._stderr.seek(0)
            output_text = self._stderr.read().decode(errors="replace").strip()
            raise CopyError(f"{self._name} báo lỗi: {output_text}")

    def __enter__(self) -> "_Tool":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        # Unwritten input of a program that ended early is dropped.
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._stderr.close()


def _start(connection: BaseDatabaseWrapper, program: str, options: list[str]) -> _Tool:
    """Run a client program against the database; the password is in the environment, where `ps` does not show it."""
    command, environment = connection.client.settings_to_cmd_args_env(connection.settings_dict, options)
    return _Tool([_path(program), *command[1:]], environment or {})


def _path(program: str) -> str:
    path = shutil.which(program)
    if not path:
        raise CopyError(f"Thiếu chương trình {program}: hãy cài gói postgresql-client.")
    return path


MANIFEST = "manifest.json"
MEDIA = "media"
FORMAT = 1
_REASONS = {
    errno.ENOSPC: "hết chỗ trên đĩa",
    errno.EACCES: "không có quyền",
    errno.EROFS: "đĩa chỉ cho đọc",
    errno.ENOENT: "không còn tệp này",
}


class BackupError(Exception):
    """The backup or restore was refused or failed; the message is in Vietnamese."""


@contextmanager
def _as_backup_error() -> Iterator[None]:
    """Turn errors of disk and database into a BackupError."""
    try:
        yield
    except CopyError as error:
        raise BackupError(str(error)) from error
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"lỗi hệ thống {error.errno}")
        raise BackupError(f"Không đọc hoặc ghi được {error.filename}: {reason}.") from error
    except DatabaseError as error:
        raise BackupError(f"Cơ sở dữ liệu báo lỗi: {error}") from error


@_as_backup_error()
def back_up(folder: Path, *, at: datetime) -> dict[str, Any]:
    """Write a backup into a new or empty folder; returns the manifest.

    Media are copied after the database, so that every file named in a row is included. Errors: BackupError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder} đã có nội dung: hãy chọn thư mục mới hoặc trống.")
    media = Path(settings.MEDIA_ROOT)
    if folder.resolve().is_relative_to(media.resolve()):
        raise BackupError(f"{folder} nằm trong thư mục tệp đính kèm: hãy chọn nơi khác.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    try:
        return _fill(folder, media, at)
    except BaseException:
        # Half a copy is useless, and may have filled the disk.
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _fill(folder: Path, media: Path, at: datetime) -> dict[str, Any]:
    tables, log_head = copy_database(connection, folder)
    _copy_all(media, folder / MEDIA)
    manifest = {
        "format": FORMAT,
        "created": at.isoformat(),
        "database": connection.vendor,
        "tables": tables,
        "log_head": list(log_head),
        "files": {name: sha256(folder / name) for name in _names(folder)},
    }
    manifest["digest"] = _digest(manifest)
    with open(folder / MANIFEST, "x", encoding="utf-8") as file:
        json.dump(manifest, file, ensure_ascii=False, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    return manifest


@_as_backup_error()
def check_backup(folder: Path) -> dict[str, Any]:
    """The manifest of a complete and unaltered backup of this kind of database.

    Errors: BackupError naming the first damaged file.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files, digest = dict(manifest["files"]), manifest["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder} không phải bản sao lưu trọn vẹn: không đọc được {MANIFEST}.") from error
    if digest != _digest(manifest) or manifest.get("format") != FORMAT:
        raise BackupError(f"{MANIFEST} của bản sao lưu đã bị thay đổi.")
    if manifest["database"] != connection.vendor:
        raise BackupError(
            f"Bản sao lưu của {manifest['database']} không khôi phục được vào {connection.vendor}."
        )
    present = set(_names(folder)) - {MANIFEST}
    for name in sorted(present ^ set(files)):
        raise BackupError(f"Bản sao lưu bị hỏng: {'thừa' if name in present else 'thiếu'} tệp {name}.")
    for name, expected in sorted(files.items()):
        if sha256(folder / name) != expected:
            raise BackupError(f"Bản sao lưu bị hỏng: tệp {name} không khớp mã băm.")
    return manifest


@_as_backup_error()
def restore(folder: Path, manifest: dict[str, Any]) -> None:
    """Replace database and media with those of a backup that `check_backup` has passed.

    The database is replaced in one transaction; media that the backup does not contain are removed afterwards.
    Errors: BackupError.
    """
    media = Path(settings.MEDIA_ROOT)
    _copy_all(folder / MEDIA, media)
    restore_database(connection, folder)
    expected = {name.removeprefix(f"{MEDIA}/") for name in manifest["files"] if name.startswith(f"{MEDIA}/")}
    for name in set(_names(media)) - expected:
        (media / name).unlink()
    tables, log_head = database_contents(connection)
    if tables != manifest["tables"] or list(log_head) != manifest["log_head"]:
        raise BackupError("Cơ sở dữ liệu sau khi khôi phục không khớp số dòng ghi trong bản sao lưu.")
    # A dump contains no planner statistics.
    database.analyze_tables()


@_as_backup_error()
def holds_data() -> bool:
    """Whether restoring would replace data: a log entry, a user or a media file."""
    tables = connection.introspection.table_names()
    models = [model for model in (Entry, get_user_model()) if model._meta.db_table in tables]
    return any(model.objects.exists() for model in models) or bool(_names(Path(settings.MEDIA_ROOT)))


def sha256(path: Path) -> str:
    """SHA-256 of a file, in 64 hexadecimal digits; reads it in chunks."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(manifest: dict[str, Any]) -> str:
    content = {name: value for name, value in manifest.items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _names(folder: Path) -> list[str]:
    """The relative paths of all files below a folder; empty if it does not exist."""
    paths = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _copy_all(source: Path, target: Path) -> None:
    """Copy every file, each replaced atomically."""
    for name in _names(source):
        place = target / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = place.with_name(place.name + ".half")
        shutil.copyfile(source / name, half)
        half.chmod(0o600)
        with open(half, "rb") as file:
            os.fsync(file.fileno())
        half.replace(place)
