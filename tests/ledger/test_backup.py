"""A backup holds everything and restores it; a damaged one is refused before anything is replaced."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from ledger import backup, log, timer_runs
from ledger.models import Entry

AT = datetime(2022, 8, 12, 1, 30, tzinfo=UTC)


def act(subject: str) -> None:
    with transaction.atomic():
        log.append("test.act", by=None, subject=subject, detail={})


@pytest.fixture
def place(transactional_db, tmp_path: Path, settings) -> Path:
    """A data folder with two entries, one user and two media files."""
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path / "data", tmp_path / "data" / "media"
    (settings.MEDIA_ROOT / "reviews").mkdir(parents=True)
    (settings.MEDIA_ROOT / "reviews" / "1.pdf").write_bytes(b"%PDF 1")
    (settings.MEDIA_ROOT / "chữ ký.png").write_bytes(b"png")
    get_user_model().objects.create(username="xa-13474")
    act("một")
    act("hai")
    return tmp_path


@pytest.fixture
def made(place: Path) -> Path:
    call_command("backup", place / "copy")
    return place / "copy"


def media(settings) -> dict[str, bytes]:
    root = settings.MEDIA_ROOT
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_manifest_names_every_file_and_counts_every_table(place, capsys):
    call_command("backup", place / "copy")
    manifest = json.loads((place / "copy" / "manifest.json").read_text())
    database = backup.SQLITE_FILE if connection.vendor == "sqlite" else backup.POSTGRESQL_FILE
    assert set(manifest["files"]) == {database, "media/reviews/1.pdf", "media/chữ ký.png"}
    assert manifest["files"]["media/chữ ký.png"] == backup.sha256(place / "copy" / "media" / "chữ ký.png")
    assert manifest["tables"] == backup.database_contents(connection).tables
    assert manifest["tables"]["ledger_entry"] == 2
    number, hash_ = log.head()
    assert capsys.readouterr().out == f"{number}:{hash_}\n"
    assert (place / "copy").stat().st_mode & 0o077 == 0
    ran = timer_runs.last(timer_runs.BACKUP)
    whole = sum(path.stat().st_size for path in (place / "copy").rglob("*") if path.is_file())
    assert (ran.good, ran.words, ran.size) == (True, "3 tệp", whole)


def test_restore_brings_everything_back(made, settings, capsys):
    before, files = list(Entry.objects.values()), media(settings)
    act("ba")
    get_user_model().objects.all().delete()
    (settings.MEDIA_ROOT / "reviews" / "1.pdf").write_bytes(b"changed")
    (settings.MEDIA_ROOT / "later.pdf").write_bytes(b"later")
    call_command("restore", made, "--discard")
    assert list(Entry.objects.values()) == before
    assert get_user_model().objects.get().username == "xa-13474"
    assert media(settings) == files
    assert capsys.readouterr().out.endswith("{}:{}\n".format(*log.head()))
    call_command("verify_log")
    with pytest.raises(Exception, match="chỉ được ghi thêm"), transaction.atomic():
        Entry.objects.update(subject="x")


def test_present_data_are_kept_before_they_are_replaced(made, settings):
    act("ba")
    call_command("restore", made)
    assert Entry.objects.count() == 2
    (folder,) = settings.DATA_DIR.glob("before-restore-*")
    call_command("restore", folder, "--discard")
    assert Entry.objects.count() == 3


def test_tables_that_the_backup_does_not_hold_go(made):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE later_table (id integer)")
    call_command("restore", made, "--discard")
    assert "later_table" not in connection.introspection.table_names()


def test_statistics_of_the_database_are_no_table_of_ours(place):
    """ANALYZE, which runs after writing many rows, leaves SQLite's own tables."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    call_command("backup", place / "copy")
    call_command("restore", place / "copy", "--discard")
    assert Entry.objects.count() == 2


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def database_of(folder: Path) -> Path:
    (path,) = folder.glob("database.*")
    return path


def alter_manifest(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"]["ledger_entry"] = 1
    (folder / "manifest.json").write_text(json.dumps(manifest))


DAMAGE = {
    "flipped bit in the database": (lambda folder: flip(database_of(folder)), "database"),
    "truncated database": (lambda folder: database_of(folder).write_bytes(b"SQLite"), "database"),
    "database gone": (lambda folder: database_of(folder).unlink(), "thiếu tệp database"),
    "flipped bit in a medium": (lambda folder: flip(folder / "media" / "chữ ký.png"), "chữ ký.png"),
    "medium gone": (lambda folder: (folder / "media" / "chữ ký.png").unlink(), "thiếu tệp media/chữ ký.png"),
    "medium added": (lambda folder: (folder / "media" / "x").write_bytes(b"x"), "thừa tệp media/x"),
    "manifest gone": (lambda folder: (folder / "manifest.json").unlink(), "manifest.json"),
    "manifest truncated": (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json"),
    "manifest of another shape": (
        lambda folder: (folder / "manifest.json").write_text("[]"),
        "manifest.json",
    ),
    "manifest altered": (alter_manifest, "manifest.json"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_backup_is_refused_and_nothing_replaced(made, settings, name):
    damage, word = DAMAGE[name]
    damage(made)
    act("ba")
    files = media(settings)
    with pytest.raises(CommandError, match=word) as refusal:
        call_command("restore", made)
    assert refusal.value.returncode == 1
    assert Entry.objects.count() == 3 and media(settings) == files
    assert not list(settings.DATA_DIR.glob("before-restore-*"))


def test_dump_that_cannot_be_read_leaves_the_database(made):
    """Past the checksums: where the database's tool fails half-way, its changes are undone."""
    database_of(made).write_bytes(database_of(made).read_bytes()[:3000])
    with pytest.raises(backup.CopyError):
        backup.restore_database(connection, made)
    assert Entry.objects.count() == 2


def test_backup_of_the_other_database_is_refused(made):
    with pytest.MonkeyPatch.context() as patch, pytest.raises(CommandError, match="được vào oracle"):
        patch.setattr(connection, "vendor", "oracle")
        call_command("restore", made)


def test_medium_named_like_the_manifest_is_kept(place, settings):
    (settings.MEDIA_ROOT / "manifest.json").write_text("{}")
    before = media(settings)
    call_command("backup", place / "copy")
    (settings.MEDIA_ROOT / "manifest.json").unlink()
    call_command("restore", place / "copy", "--discard")
    assert media(settings) == before


def test_folder_that_is_not_empty_is_refused(made):
    with pytest.raises(CommandError, match="đã có nội dung"):
        call_command("backup", made)


def test_failed_backup_leaves_nothing_behind(place, monkeypatch):
    def fill_the_disk(*_: object) -> None:
        raise OSError(28, "No space left on device", "chữ ký.png")

    monkeypatch.setattr(backup.shutil, "copyfile", fill_the_disk)
    with pytest.raises(CommandError, match="chữ ký.png: hết chỗ trên đĩa"):
        call_command("backup", place / "copy")
    assert not (place / "copy").exists()


def test_database_without_tables_can_be_kept(place):
    """Restoring over a database without migrations, where media are left."""
    call_command("migrate", "ledger", "zero", verbosity=0)
    try:
        call_command("backup", place / "copy")
    finally:
        call_command("migrate", verbosity=0)
    assert json.loads((place / "copy" / "manifest.json").read_text())["log_head"] == [0, log.FIRST_PREVIOUS]


def test_folder_inside_the_media_is_refused(place, settings):
    with pytest.raises(CommandError, match="chọn nơi khác"):
        call_command("backup", settings.MEDIA_ROOT / "copy")


def test_unwritable_folder_is_refused(place):
    (place / "file").write_text("")
    with pytest.raises(CommandError, match="Không đọc hoặc ghi được"):
        call_command("backup", place / "file" / "copy")


def test_backup_without_media_folder(place, settings):
    settings.MEDIA_ROOT = place / "none"
    call_command("backup", place / "copy")
    call_command("restore", place / "copy", "--discard")
    assert Entry.objects.count() == 2


def test_backup_under_load_is_consistent(shared_database, tmp_path, settings):
    """Made while three writers work, the copy is a whole chain and its counts match its rows."""
    settings.MEDIA_ROOT = tmp_path / "media"

    def write(writer: int) -> None:
        try:
            for row in range(20):
                act(f"{writer}/{row}")
        finally:
            connection.close()

    def copy_and_restore() -> tuple[dict, int, list]:
        try:
            manifest = backup.back_up(tmp_path / "copy", at=AT)
            for writer in writers:
                writer.result()
            backup.restore(tmp_path / "copy", backup.check_backup(tmp_path / "copy"))
            return manifest, Entry.objects.count(), log.verify([log.Anchor(*manifest["log_head"])])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        manifest, count, faults = pool.submit(copy_and_restore).result()
    assert (manifest["tables"]["ledger_entry"], faults) == (count, [])
