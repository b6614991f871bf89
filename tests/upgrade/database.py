"""Dumps a database with its media to files, and restores them into an empty one."""

import lzma
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db import connection

# Lines that only some versions of PostgreSQL write or accept.
OF_ONE_VERSION = (b"\\restrict", b"\\unrestrict", b"-- Dumped", b"SET transaction_timeout")


def dump(folder: Path) -> None:
    """Writes the database as a compressed SQL script, and its media."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        script = "".join(f"{line}\n" for line in connection.connection.iterdump()).encode()
    else:
        lines = _client("pg_dump", "--no-owner", "--no-privileges").splitlines(keepends=True)
        script = b"".join(line for line in lines if not line.startswith(OF_ONE_VERSION))
    _file(folder).write_bytes(lzma.compress(script, preset=9 | lzma.PRESET_EXTREME))
    shutil.copytree(settings.MEDIA_ROOT, folder / "media", dirs_exist_ok=True)


def restore(folder: Path) -> None:
    """Loads the folder's database into this empty one, and its media."""
    script = lzma.decompress(_file(folder).read_bytes())
    if connection.vendor == "sqlite":
        # Not through Django, which enforces foreign keys to tables that come later.
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as file:
            file.executescript(script.decode())
    else:
        _client("psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, stdin=script)
    shutil.copytree(folder / "media", settings.MEDIA_ROOT, dirs_exist_ok=True)


def _file(folder: Path) -> Path:
    return folder / f"{connection.vendor}.sql.xz"


def _client(program: str, *options: str, stdin: bytes = b"") -> bytes:
    """The output of a PostgreSQL client program. Errors: CalledProcessError."""
    command, variables = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
    completed = subprocess.run(
        [program, *options, *command[1:]],
        input=stdin,
        env=os.environ | (variables or {}),
        check=True,
        stdout=subprocess.PIPE,
    )
    return completed.stdout
