"""A consistent copy of database and media while the server runs, and its way back.

A backup is a folder: the database (`database.sqlite3` or `database.dump`), `media/` and `manifest.json`, which names
every file with its SHA-256, the rows of every table and the head of the log. The manifest is written last and carries
a digest of itself: a copy that stopped half-way or was altered is refused. `CCHC_SECRET_KEY` is not in it.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection

from ledger import copies, planner
from ledger.models import Entry

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
def _told() -> Iterator[None]:
    """Turn what disk and database say into a BackupError."""
    try:
        yield
    except copies.CopyError as error:
        raise BackupError(str(error)) from error
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"lỗi hệ thống {error.errno}")
        raise BackupError(f"Không đọc hoặc ghi được {error.filename}: {reason}.") from error
    except DatabaseError as error:
        raise BackupError(f"Cơ sở dữ liệu báo lỗi: {error}") from error


@_told()
def back_up(folder: Path, *, at: datetime) -> dict[str, Any]:
    """Write a backup into a new or empty folder; gives the manifest.

    Media are copied after the database, so every file that a row names is there. Errors: BackupError.
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
        # Half a copy is of no use, and may be what filled the disk.
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _fill(folder: Path, media: Path, at: datetime) -> dict[str, Any]:
    tables, log_head = copies.take(connection, folder)
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


@_told()
def check(folder: Path) -> dict[str, Any]:
    """The manifest of a whole and unaltered backup of this kind of database.

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


@_told()
def restore(folder: Path, manifest: dict[str, Any]) -> None:
    """Replace database and media by those of a backup that `check` has passed.

    The database is replaced in one transaction; media that the backup does not hold are removed after it.
    Errors: BackupError.
    """
    media = Path(settings.MEDIA_ROOT)
    _copy_all(folder / MEDIA, media)
    copies.put_back(connection, folder)
    wanted = {name.removeprefix(f"{MEDIA}/") for name in manifest["files"] if name.startswith(f"{MEDIA}/")}
    for name in set(_names(media)) - wanted:
        (media / name).unlink()
    tables, log_head = copies.holdings(connection)
    if tables != manifest["tables"] or list(log_head) != manifest["log_head"]:
        raise BackupError("Cơ sở dữ liệu sau khi khôi phục không khớp số dòng ghi trong bản sao lưu.")
    # A dump holds rows, and nothing of what PostgreSQL knew of them.
    planner.tell()


@_told()
def holds_data() -> bool:
    """Whether restoring would replace somebody's work: a log entry, a user or a media file."""
    tables = connection.introspection.table_names()
    models = [model for model in (Entry, get_user_model()) if model._meta.db_table in tables]
    return any(model.objects.exists() for model in models) or bool(_names(Path(settings.MEDIA_ROOT)))


def sha256(path: Path) -> str:
    """SHA-256 of a file, in 64 hexadecimal digits; reads it piece by piece."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(manifest: dict[str, Any]) -> str:
    content = {name: value for name, value in manifest.items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _names(folder: Path) -> list[str]:
    """Every file below a folder, as its path inside it; nothing for a folder that is not there."""
    found = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _copy_all(source: Path, target: Path) -> None:
    """Copy every file, each put in place in one step; files of the same name are replaced."""
    for name in _names(source):
        place = target / name
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = place.with_name(place.name + ".half")
        shutil.copyfile(source / name, half)
        half.chmod(0o600)
        with open(half, "rb") as file:
            os.fsync(file.fileno())
        half.replace(place)
