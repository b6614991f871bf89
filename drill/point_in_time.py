"""Point-in-time recovery on PostgreSQL, as docs/deploy.md describes it: from a base backup and archived WAL a server
that is lost with its disk comes back, and a database whose table somebody wiped as it was at a moment before.
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
from .backups import issue
from .invariants import SAVES, SENT
from .restore_elsewhere import Mark
from .rows import Row
from .service import Service
from .world import World, world
from .writers import Writer, writing

# In production 60 s (docs/deploy.md): here a shorter one, so that the drill ends sooner.
ARCHIVE_SECONDS = 10
# A segment is closed after that time, and copied.
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
    """Both disasters, one after the other on one server. `minutes`: of saving before each."""
    with world(database) as here:
        issue(here)
        archive = _archive(here)
        start = time.monotonic()
        base = here.server.folder / "base"
        _local(here, "pg_basebackup", "-D", base, "-c", "fast")
        based = round(time.monotonic() - start, 1)
        yield _disk_lost(here, base, archive, minutes, based)
        yield _wiped(here, base, archive, minutes)


def _disk_lost(here: World, base: Path, archive: Path, minutes: float, based: float) -> Row:
    """The server ends without a word, and nothing of its disk is read any more."""
    start = time.monotonic()
    with Service(here) as service, writing(here, [service.address]) as clerks:
        time.sleep(60 * minutes)
    here.server.stop()
    ended = datetime.now(UTC)
    with _recovered(here, base, archive, "", "lost") as (there, back):
        last = datetime.fromisoformat(there.server.ask("SELECT pg_last_xact_replay_timestamp()"))
        known, broken = _kept(there, clerks)
        missing, wrong = restore_elsewhere.lost(there, known)
        checked = time.monotonic() - back.begun
    given_up = (ended - last).total_seconds()
    if given_up > MOST_LOST_SECONDS:
        broken.append(f"the archive ends {given_up:.0f} s before the server did")
    measured = {
        "seconds of the base backup": based,
        "seconds until the new server was promoted": round(back.promoted, 1),
        "seconds until checked as well": round(checked, 1),
        f"seconds that the archive did not hold (archive_timeout {ARCHIVE_SECONDS})": round(given_up, 1),
        "acknowledged in these seconds": sum(len(clerk.saved) for clerk in clerks)
        - sum(one.saved for one in known),
    }
    here.server.start()
    acts, told = _counted(clerks)
    broken = (*broken, *wrong)
    return Row(
        "disk lost, recovered from base backup and archive",
        here.database, time.monotonic() - start, acts, told, missing, 1, broken[:20], measured,
    )  # fmt: skip


def _wiped(here: World, base: Path, archive: Path, minutes: float) -> Row:
    """A table is emptied by hand while clerks save; the new server is as the old one was a few seconds before."""
    start = time.monotonic()
    # Other months than those of the clerks before: their revisions are as they were told.
    here.months = here.months[4:]
    with Service(here) as service, writing(here, [service.address]) as clerks:
        time.sleep(60 * minutes)
        known = restore_elsewhere.marks(clerks)
        moment = here.server.ask("SELECT clock_timestamp()")
        tried = {clerk.name: clerk.trying for clerk in clerks}
        time.sleep(5)
        since = sum(len(one.saved) for one in clerks) - sum(clerk.saved for clerk in known)
        _local(here, "psql", "-q", "-c", WIPE)
    acts, _ = _counted(clerks)
    segment = here.server.ask("SELECT pg_walfile_name(pg_switch_wal())")
    _until(lambda: (archive / segment).exists(), "the last segment is not archived")
    target = f"recovery_target_time = '{moment}'"
    with _recovered(here, base, archive, target, "wiped") as (there, back):
        missing, broken = restore_elsewhere.lost(there, known, tried)
        broken += restore_elsewhere.documents(there)
        checked = time.monotonic() - back.begun
    measured = {
        "seconds until the new server was promoted": round(back.promoted, 1),
        "seconds until checked as well": round(checked, 1),
        "acknowledged after that moment, given up with the wiping": since,
    }
    acknowledged = sum(one.saved + one.sent for one in known)
    return Row(
        "table wiped, recovered to the moment before",
        here.database, time.monotonic() - start, acts, acknowledged, missing, 1, tuple(broken[:20]), measured,
    )  # fmt: skip


class Back:
    """How long a recovery took: since when on the monotonic clock, and the seconds until it was promoted."""

    def __init__(self) -> None:
        self.begun, self.promoted = time.monotonic(), 0.0


@contextmanager
def _recovered(
    here: World, base: Path, archive: Path, target: str, name: str
) -> Iterator[tuple[World, Back]]:
    """A new server from the base backup, brought forward by the archive up to the target, or to its end."""
    back = Back()
    there = World(here.database, here.folder / name)
    shutil.copytree(here.data / "media", there.data / "media", dirs_exist_ok=True)
    subprocess.run(["cp", "-a", base, there.server.data], check=True)
    settings = there.server.data / "postgresql.auto.conf"
    settings.write_text(settings.read_text() + RECOVERY.format(archive=archive) + target + "\n")
    signal = there.server.data / "recovery.signal"
    signal.touch()
    for one in (settings, signal):
        shutil.chown(one, base.owner(), base.group())
    try:
        there.server.start()
        _until(lambda: there.server.ask("SELECT pg_is_in_recovery()") == "False", "not promoted")
        back.promoted = time.monotonic() - back.begun
        yield there, back
    finally:
        there.server.stop()


def _archive(here: World) -> Path:
    """Switch archiving on, as the guide says: a few lines in postgresql.conf, and the server started anew."""
    archive = here.server.folder / "archive"
    archive.mkdir()
    shutil.chown(archive, here.server.data.owner(), here.server.data.group())
    with (here.server.data / "postgresql.conf").open("a") as file:
        file.write(ARCHIVING.format(seconds=ARCHIVE_SECONDS, archive=archive))
    here.server.stop()
    here.server.start()
    return archive


def _kept(there: World, clerks: list[Writer]) -> tuple[list[Mark], list[str]]:
    """How much of what each clerk was told is there: always the earlier part, without a hole."""
    with there.reading() as found:
        stored = {
            (subject, new["received_direct"][1])
            for _, subject, detail in found.rows(SAVES, 0)
            for new in (detail if isinstance(detail, dict) else json.loads(detail))["cells"].values()
            if "received_direct" in new
        }
        sent = {clerk.name: found.rows(SENT, clerk.subject)[0][0] for clerk in clerks}
    marks, broken = [], []
    for clerk in clerks:
        there_is = [(clerk.subject, number) in stored for number, _ in clerk.saved]
        if there_is != sorted(there_is, reverse=True):
            broken.append(f"{clerk.name}: a later saving is there, an earlier one is not")
        marks.append(Mark(clerk, sum(there_is), min(clerk.sent, sent[clerk.name])))
    return marks, broken


def _counted(clerks: list[Writer]) -> tuple[int, int]:
    answered = sum(sum(clerk.answers.values()) - clerk.answers[0] for clerk in clerks)
    return answered, sum(len(clerk.saved) + clerk.sent for clerk in clerks)


def _local(here: World, program: str, *arguments: object) -> None:
    here.server.run(program, "-h", here.server.folder, "-U", "postgres", *arguments)


def _until(is_so: Callable[[], bool], words: str) -> None:
    """Errors: TimeoutError with the words."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(words)
        time.sleep(0.2)
