"""Point-in-time recovery on PostgreSQL, as docs/deploy.md describes it: recover a lost
server from a base backup and archived WAL, and a database to the moment before a table was wiped.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from . import restore_elsewhere
from .backups import freeze_review
from .invariants import SAVES, SENT
from .restore_elsewhere import Mark
from .rows import Row
from .service import Service
from .world import World, world
from .writers import Writer, writing

# 60 s in production (docs/deploy.md); shorter here to save time.
ARCHIVE_SECONDS = 10
# A segment is closed and archived after that time.
MOST_LOST_SECONDS = 4 * ARCHIVE_SECONDS
PATIENCE = 300.0
ARCHIVING = """
wal_level = replica
archive_mode = on
archive_timeout = {seconds}
archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f.part && mv {archive}/%f.part {archive}/%f'
"""
RECOVERY = """
archive_mode = off
restore_command = 'cp {archive}/%f %p'
recovery_target_timeline = 'current'
recovery_target_action = 'promote'
"""
WIPE = "TRUNCATE records_dossiercount"


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Both failures, one after the other. `minutes`: of saving before each."""
    with world(database) as here:
        freeze_review(here)
        archive = _archive(here)
        start = time.monotonic()
        base = here.server.folder / "base"
        _local(here, "pg_basebackup", "-D", base, "-c", "fast")
        based = round(time.monotonic() - start, 1)
        yield _disk_lost(here, base, archive, minutes, based)
        yield _wiped(here, base, archive, minutes)


def _disk_lost(here: World, base: Path, archive: Path, minutes: float, based: float) -> Row:
    """The server is stopped at once, and its disk is not read any more."""
    start = time.monotonic()
    with Service(here) as service, writing(here, [service.address]) as clerks:
        time.sleep(60 * minutes)
    here.server.stop()
    ended = datetime.now(UTC)
    with _recovered(here, base, archive, "", "lost") as (there, recovery):
        last = datetime.fromisoformat(there.server.ask("SELECT pg_last_xact_replay_timestamp()"))
        marks, broken = _marks_of_recovered(there, clerks)
        missing, wrong = restore_elsewhere.lost(there, marks)
        checked = time.monotonic() - recovery.begin
    lost_seconds = (ended - last).total_seconds()
    if lost_seconds > MOST_LOST_SECONDS:
        broken.append(f"the archive ends {lost_seconds:.0f} s before the server did")
    measured = {
        "seconds of the base backup": based,
        "seconds until the new server was promoted": round(recovery.promoted, 1),
        "seconds until checked as well": round(checked, 1),
        f"seconds that the archive did not hold (archive_timeout {ARCHIVE_SECONDS})": round(lost_seconds, 1),
        "acknowledged in these seconds": sum(len(clerk.saved) for clerk in clerks)
        - sum(mark.saved for mark in marks),
    }
    here.server.start()
    acts, acknowledged = _totals(clerks)
    broken = (*broken, *wrong)
    return Row(
        "disk lost, recovered from base backup and archive",
        here.database, time.monotonic() - start, acts, acknowledged, missing, 1, broken[:20], measured,
    )  # fmt: skip


def _wiped(here: World, base: Path, archive: Path, minutes: float) -> Row:
    """A table is truncated while clerks save; the new server has the state of a few seconds before."""
    start = time.monotonic()
    # Other months than those of the previous clerks, whose revisions the recovery may have lost.
    here.months = here.months[4:]
    with Service(here) as service, writing(here, [service.address]) as clerks:
        time.sleep(60 * minutes)
        marks = restore_elsewhere.marks(clerks)
        moment = here.server.ask("SELECT clock_timestamp()")
        tried = {clerk.name: clerk.trying for clerk in clerks}
        time.sleep(5)
        since = sum(len(clerk.saved) for clerk in clerks) - sum(mark.saved for mark in marks)
        _local(here, "psql", "-q", "-c", WIPE)
    acts, _ = _totals(clerks)
    segment = here.server.ask("SELECT pg_walfile_name(pg_switch_wal())")
    _until(lambda: (archive / segment).exists(), "the last segment is not archived")
    target = f"recovery_target_time = '{moment}'"
    with _recovered(here, base, archive, target, "wiped") as (there, recovery):
        missing, broken = restore_elsewhere.lost(there, marks, tried)
        broken += restore_elsewhere.documents(there)
        checked = time.monotonic() - recovery.begin
    measured = {
        "seconds until the new server was promoted": round(recovery.promoted, 1),
        "seconds until checked as well": round(checked, 1),
        "acknowledged after that moment, given up with the wiping": since,
    }
    acknowledged = sum(mark.saved + mark.sent for mark in marks)
    return Row(
        "table wiped, recovered to the moment before",
        here.database, time.monotonic() - start, acts, acknowledged, missing, 1, tuple(broken[:20]), measured,
    )  # fmt: skip


class Recovery:
    """A recovery's start on the monotonic clock, and the seconds until promotion."""

    def __init__(self) -> None:
        self.begin, self.promoted = time.monotonic(), 0.0


@contextmanager
def _recovered(
    here: World, base: Path, archive: Path, target: str, name: str
) -> Iterator[tuple[World, Recovery]]:
    """A new server from the base backup, recovered from the archive up to the target, or to its end."""
    recovery = Recovery()
    there = World(here.database, here.folder / name)
    shutil.copytree(here.data / "media", there.data / "media", dirs_exist_ok=True)
    subprocess.run(["cp", "-a", base, there.server.data], check=True)
    settings = there.server.data / "postgresql.auto.conf"
    settings.write_text(settings.read_text() + RECOVERY.format(archive=archive) + target + "\n")
    signal = there.server.data / "recovery.signal"
    signal.touch()
    for path in (settings, signal):
        shutil.chown(path, base.owner(), base.group())
    try:
        there.server.start()
        _until(lambda: there.server.ask("SELECT pg_is_in_recovery()") == "False", "not promoted")
        recovery.promoted = time.monotonic() - recovery.begin
        yield there, recovery
    finally:
        there.server.stop()


def _archive(here: World) -> Path:
    """Switch archiving on as docs/deploy.md says, and restart the server."""
    archive = here.server.folder / "archive"
    archive.mkdir()
    shutil.chown(archive, here.server.data.owner(), here.server.data.group())
    with (here.server.data / "postgresql.conf").open("a") as file:
        file.write(ARCHIVING.format(seconds=ARCHIVE_SECONDS, archive=archive))
    here.server.stop()
    here.server.start()
    return archive


def _marks_of_recovered(there: World, clerks: list[Writer]) -> tuple[list[Mark], list[str]]:
    """How much of each clerk's acknowledged work is there: it must be the earlier part, without gaps."""
    with there.reading() as snapshot:
        stored = {
            (subject, new["received_direct"][1])
            for _, subject, detail in snapshot.rows(SAVES, 0)
            for new in (detail if isinstance(detail, dict) else json.loads(detail))["cells"].values()
            if "received_direct" in new
        }
        sent = {clerk.name: snapshot.rows(SENT, clerk.subject)[0][0] for clerk in clerks}
    marks, broken = [], []
    for clerk in clerks:
        is_stored = [(clerk.subject, number) in stored for number, _ in clerk.saved]
        if is_stored != sorted(is_stored, reverse=True):
            broken.append(f"{clerk.name}: a later saving is there, an earlier one is not")
        marks.append(Mark(clerk, sum(is_stored), min(clerk.sent, sent[clerk.name])))
    return marks, broken


def _totals(clerks: list[Writer]) -> tuple[int, int]:
    answered = sum(sum(clerk.answers.values()) - clerk.answers[0] for clerk in clerks)
    return answered, sum(len(clerk.saved) + clerk.sent for clerk in clerks)


def _local(here: World, program: str, *arguments: object) -> None:
    here.server.run(program, "-h", here.server.folder, "-U", "postgres", *arguments)


def _until(is_so: Callable[[], bool], words: str) -> None:
    """Errors: TimeoutError(words)."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(words)
        time.sleep(0.2)
