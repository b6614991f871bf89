"""`backup` while clerks save, `restore` on an empty host, and what it says to a damaged copy (acceptance R12, R8)."""

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
    """Backups under four clerks, the last one at rest; each comes back elsewhere. `minutes`: between first and last."""
    with world(database) as here:
        issue(here)
        yield from _under_load(here, minutes)
        at_rest = here.folder / "at-rest"
        head = here.must("backup", str(at_rest)).strip()
        yield _same(here, at_rest, "restored elsewhere, every table compared")
        yield _cut(here, at_rest, head)
        yield _damaged(here, at_rest)


def issue(here: World) -> None:
    """Freeze the demo's review, so that there is a document to keep."""
    with here.reading() as found:
        ((number,),) = found.rows("SELECT id FROM reports_review")
    here.must("issue_review", str(number), "--by", "lanhdao")


def _under_load(here: World, minutes: float) -> Iterator[Row]:
    took, back, lost, broken, made = [], [], 0, [], []
    start = time.monotonic()
    with Service(here) as service, writing(here, [service.address]) as clerks:
        for number in range(BACKUPS):
            time.sleep(60 * minutes / BACKUPS)
            folder = here.folder / f"backup-{number}"
            known, begun = restore_elsewhere.marks(clerks), time.monotonic()
            here.must("backup", str(folder))
            took.append(time.monotonic() - begun)
            made.append((folder, known))
    acts = sum(sum(clerk.answers.values()) for clerk in clerks)
    acknowledged = sum(len(clerk.saved) + clerk.sent for clerk in clerks)
    for folder, known in made:
        with restore_elsewhere.empty(here, f"host-of-{folder.name}") as there:
            begun = time.monotonic()
            there.must("restore", str(folder))
            back.append(time.monotonic() - begun)
            missing, wrong = restore_elsewhere.lost(there, known)
            lost += missing
            broken += [*wrong, *restore_elsewhere.documents(there), *_as_the_tool_reads_it(there, folder)]
    broken += [told for clerk in clerks for told in clerk.broken]
    measured = {
        "seconds of a backup under load, median": round(statistics.median(took), 1),
        "seconds of a restore on an empty host, median": round(statistics.median(back), 1),
        "megabytes of a backup": round(_size(made[-1][0]) / 1e6, 1),
    }
    spent = time.monotonic() - start
    yield Row(
        "backup under load, restored elsewhere",
        here.database, spent, acts, acknowledged, lost, BACKUPS, tuple(broken[:20]), measured,
    )  # fmt: skip


def _as_the_tool_reads_it(there: World, folder: Path) -> list[str]:
    """The restored tables beside those of the copy itself, read past the product: SQLite's file as it lies, a dump by
    pg_restore into a database of its own.
    """
    if not there.server:
        return restore_elsewhere.differing(
            "restored",
            restore_elsewhere.of_file(folder / "database.sqlite3"),
            restore_elsewhere.prints(there),
        )
    dump = there.server.folder / "copy.dump"
    shutil.copyfile(folder / "database.dump", dump)
    dump.chmod(0o644)
    local = ("-h", there.server.folder, "-U", "postgres")
    there.server.run("createdb", *local, "plain")
    there.server.run("pg_restore", *local, "-d", "plain", "--no-owner", "--no-privileges", dump)
    plain = restore_elsewhere.of_server(there.server.folder, "plain")
    return restore_elsewhere.differing("restored", plain, restore_elsewhere.prints(there))


def country(database: str, minutes: float) -> Iterator[Row]:
    """The same for the whole country of today with five years of reports; nobody writes meanwhile."""
    with temporary() as place, restore_elsewhere.bare(database, place) as here:
        here.must("migrate", "-v", "0")
        here.must("generate_country", "--units", "now", "--months", "60")
        folder, begun = place / "backup", time.monotonic()
        here.must("backup", str(folder))
        measured = {
            "seconds of the backup": round(time.monotonic() - begun, 1),
            "megabytes of it": round(_size(folder) / 1e6),
        }
        yield _same(here, folder, "the whole country of today, 60 months, restored elsewhere", **measured)


def _same(here: World, folder: Path, name: str, **measured: float) -> Row:
    """At rest: every table on the other host has the SHA-256 that it has here."""
    start = time.monotonic()
    with restore_elsewhere.empty(here) as there:
        begun = time.monotonic()
        there.must("restore", str(folder))
        there.must("migrate", "-v", "0")
        back = time.monotonic() - begun
        there.must("verify_log")
        there.must("recount", "--check")
        ready = time.monotonic() - begun
        before, after = restore_elsewhere.prints(here), restore_elsewhere.prints(there)
        broken = restore_elsewhere.differing("restored", before, after)
    measured |= {
        "tables with equal SHA-256": len(before.keys() & after.keys()) - 1,
        "seconds until restored and migrated": round(back, 1),
        "seconds until checked as well": round(ready, 1),
    }
    spent = time.monotonic() - start
    return Row(name, here.database, spent, faults=1, broken=tuple(broken), measured=measured)


def _cut(here: World, folder: Path, head: str) -> Row:
    """Somebody cuts the log's tail on the host: told against the head that left it with the backup."""
    start, broken = time.monotonic(), []
    with restore_elsewhere.empty(here, "cut") as there:
        there.must("restore", str(folder))
        if there.manage("verify_log", "--anchor", head).returncode:
            broken.append("the restored log does not fit the head of its backup")
        _sql(there, CUT)
        if there.manage("verify_log", "--anchor", head).returncode != 1:
            broken.append("a cut tail is not told against the head of the backup")
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
    """Each damaged copy is refused (exit 1), and what is there stays."""
    start, broken = time.monotonic(), []
    before = restore_elsewhere.prints(here)
    for name, damage in DAMAGES.items():
        copy = here.folder / "damaged"
        shutil.copytree(folder, copy)
        damage(copy)
        if here.manage("restore", str(copy)).returncode != 1:
            broken.append(f"{name}: not refused")
        shutil.rmtree(copy)
    broken += restore_elsewhere.differing("after refusals", before, restore_elsewhere.prints(here))
    return Row(
        "damaged backups", here.database, time.monotonic() - start, faults=len(DAMAGES), broken=tuple(broken)
    )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
