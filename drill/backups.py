"""`backup` while clerks save, `restore` on an empty host, and refusal of damaged copies (acceptance R12, R8)."""

import shutil
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import restore_elsewhere
from .rows import Row
from .service import Service
from .world import World, temporary, world
from .writers import writing

BACKUPS = 4
CUT = """
DROP TRIGGER IF EXISTS ledger_entry_no_delete;
DELETE FROM ledger_entry WHERE sequence > (SELECT max(sequence) - 3 FROM ledger_entry);
"""


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Backups while four clerks save, the last one at rest; each is restored elsewhere. `minutes`: of saving."""
    with world(database) as here:
        freeze_review(here)
        yield from _under_load(here, minutes)
        at_rest = here.folder / "at-rest"
        head = here.must("backup", str(at_rest)).strip()
        yield _restore_and_compare(here, at_rest, "restored elsewhere, every table compared")
        yield _cut_log(here, at_rest, head)
        yield _damaged(here, at_rest)


def freeze_review(here: World) -> None:
    """Freeze the demo's review, so that the backup has a document."""
    with here.reading() as snapshot:
        ((review_id,),) = snapshot.rows("SELECT id FROM reports_review")
    here.must("issue_review", str(review_id), "--by", "lanhdao")


def _under_load(here: World, minutes: float) -> Iterator[Row]:
    backup_seconds, restore_seconds, lost, broken, backups = [], [], 0, [], []
    start = time.monotonic()
    with Service(here) as service, writing(here, [service.address]) as clerks:
        for number in range(BACKUPS):
            time.sleep(60 * minutes / BACKUPS)
            folder = here.folder / f"backup-{number}"
            marks, begin = restore_elsewhere.marks(clerks), time.monotonic()
            here.must("backup", str(folder))
            backup_seconds.append(time.monotonic() - begin)
            backups.append((folder, marks))
    acts = sum(sum(clerk.answers.values()) for clerk in clerks)
    acknowledged = sum(len(clerk.saved) + clerk.sent for clerk in clerks)
    for folder, marks in backups:
        with restore_elsewhere.host_beside(here, f"host-of-{folder.name}") as there:
            begin = time.monotonic()
            there.must("restore", str(folder))
            restore_seconds.append(time.monotonic() - begin)
            missing, wrong = restore_elsewhere.lost(there, marks)
            lost += missing
            broken += [*wrong, *restore_elsewhere.documents(there), *_copy_beside_restored(there, folder)]
    broken += [fault for clerk in clerks for fault in clerk.broken]
    measured = {
        "seconds of a backup under load, median": round(statistics.median(backup_seconds), 1),
        "seconds of a restore on an empty host, median": round(statistics.median(restore_seconds), 1),
        "megabytes of a backup": round(_size(backups[-1][0]) / 1e6, 1),
    }
    spent = time.monotonic() - start
    yield Row(
        "backup under load, restored elsewhere",
        here.database, spent, acts, acknowledged, lost, BACKUPS, tuple(broken[:20]), measured,
    )  # fmt: skip


def _copy_beside_restored(there: World, folder: Path) -> list[str]:
    """Compare the restored tables with the copy, read without the product: the SQLite file directly, a dump by
    pg_restore into another database.
    """
    if not there.server:
        return restore_elsewhere.differing(
            "restored",
            restore_elsewhere.file_fingerprints(folder / "database.sqlite3"),
            restore_elsewhere.fingerprints_of_host(there),
        )
    dump = there.server.folder / "copy.dump"
    shutil.copyfile(folder / "database.dump", dump)
    dump.chmod(0o644)
    local = ("-h", there.server.folder, "-U", "postgres")
    there.server.run("createdb", *local, "plain")
    there.server.run("pg_restore", *local, "-d", "plain", "--no-owner", "--no-privileges", dump)
    plain = restore_elsewhere.server_fingerprints(there.server.folder, "plain")
    return restore_elsewhere.differing("restored", plain, restore_elsewhere.fingerprints_of_host(there))


def country(database: str, minutes: float) -> Iterator[Row]:
    """Backup and restore of today's whole country with five years of reports, at rest."""
    with temporary() as place, restore_elsewhere.bare_host(database, place) as here:
        here.must("migrate", "-v", "0")
        here.must("generate_country", "--units", "now", "--months", "60")
        folder, begin = place / "backup", time.monotonic()
        here.must("backup", str(folder))
        measured = {
            "seconds of the backup": round(time.monotonic() - begin, 1),
            "megabytes of it": round(_size(folder) / 1e6),
        }
        yield _restore_and_compare(
            here, folder, "the whole country of today, 60 months, restored elsewhere", **measured
        )


def _restore_and_compare(here: World, folder: Path, name: str, **measured: float) -> Row:
    """At rest: every table has the same SHA-256 on the other host."""
    start = time.monotonic()
    with restore_elsewhere.host_beside(here) as there:
        begin = time.monotonic()
        there.must("restore", str(folder))
        there.must("migrate", "-v", "0")
        restored = time.monotonic() - begin
        there.must("verify_log")
        there.must("recount", "--check")
        ready = time.monotonic() - begin
        before, after = (
            restore_elsewhere.fingerprints_of_host(here),
            restore_elsewhere.fingerprints_of_host(there),
        )
        broken = restore_elsewhere.differing("restored", before, after)
    measured |= {
        "tables with equal SHA-256": len(before.keys() & after.keys()) - 1,
        "seconds until restored and migrated": round(restored, 1),
        "seconds until checked as well": round(ready, 1),
    }
    spent = time.monotonic() - start
    return Row(name, here.database, spent, faults=1, broken=tuple(broken), measured=measured)


def _cut_log(here: World, folder: Path, head: str) -> Row:
    """A log whose last entries are deleted fails `verify_log` against the head from the backup."""
    start, broken = time.monotonic(), []
    with restore_elsewhere.host_beside(here, "cut") as there:
        there.must("restore", str(folder))
        if there.manage("verify_log", "--anchor", head).returncode:
            broken.append("the restored log does not fit the head of its backup")
        _sql(there, CUT)
        if there.manage("verify_log", "--anchor", head).returncode != 1:
            broken.append("a cut tail is not detected by the head of the backup")
    return Row(
        "log cut after the backup", here.database, time.monotonic() - start, faults=1, broken=tuple(broken)
    )


def _sql(there: World, statements: str) -> None:
    if there.server:
        statements = statements.replace(
            "DROP TRIGGER IF EXISTS ledger_entry_no_delete;",
            "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_append_only;",
        )
        there.server.run("psql", "-h", there.server.folder, "-U", "postgres", "-q", "-c", statements)
        return
    with sqlite3.connect(there.file) as base:
        base.executescript(statements)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _database(folder: Path) -> Path:
    return next(folder.glob("database.*"))


def _medium(folder: Path) -> Path:
    return next(path for path in sorted((folder / "media").rglob("*")) if path.is_file())


DAMAGES: dict[str, Callable[[Path], None]] = {
    "database cut in half": lambda folder: _truncate(_database(folder)),
    "one bit of the database": lambda folder: _flip(_database(folder)),
    "database gone": lambda folder: _database(folder).unlink(),
    "one bit of a medium": lambda folder: _flip(_medium(folder)),
    "medium gone": lambda folder: _medium(folder).unlink(),
    "manifest cut in half": lambda folder: _truncate(folder / "manifest.json"),
    "one bit of the manifest": lambda folder: _flip(folder / "manifest.json"),
}


def _damaged(here: World, folder: Path) -> Row:
    """Each damaged copy is refused (exit 1), and the data stay unchanged."""
    start, broken = time.monotonic(), []
    before = restore_elsewhere.fingerprints_of_host(here)
    for name, damage in DAMAGES.items():
        copy = here.folder / "damaged"
        shutil.copytree(folder, copy)
        damage(copy)
        if here.manage("restore", str(copy)).returncode != 1:
            broken.append(f"{name}: not refused")
        shutil.rmtree(copy)
    broken += restore_elsewhere.differing(
        "after refusals", before, restore_elsewhere.fingerprints_of_host(here)
    )
    return Row(
        "damaged backups", here.database, time.monotonic() - start, faults=len(DAMAGES), broken=tuple(broken)
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
