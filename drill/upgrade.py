"""Upgrade from the newest release in tests/upgrade to this version by `migrate`, and back by `restore` of the backup
made before, as docs/deploy.md says.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.server import ROOT

from . import restore_elsewhere
from .rows import Row
from .service import Service
from .world import PATIENCE, World, temporary
from .writers import writing

RELEASES = ROOT / "tests" / "upgrade"
# Environment variable with the older code's commit, if not the release's tag.
FROM = "CCHC_DRILL_FROM"
SUMMARY = ("summary", "--unit", "351", "--period", "2022-H1", "--format", "json")


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Upgrade from the newest release, let clerks save for `minutes`, and go back."""
    released = max(RELEASES.glob("[0-9]*"), key=lambda path: tuple(map(int, path.name.split("."))))
    with temporary() as folder, restore_elsewhere.bare_host(database, folder) as here:
        start = time.monotonic()
        broken = _changed_answers(here, released)
        old = _older_code(released.name, here.folder / "old")
        backup, before, figures = _release_state(here, released, old)
        up_seconds, wrong = _upgrade(here, figures)
        marks, acts, failed = _work(here, minutes)
        back_seconds, not_back = _go_back(here, old, backup, before, figures)
        lost, not_kept = _lost_aside(here, marks)
        measured = {
            "from": released.name,
            "migrations": up_seconds.pop("migrations"),
            **{name: round(seconds, 1) for name, seconds in (up_seconds | back_seconds).items()},
        }
        broken = [*broken, *wrong, *failed, *not_back, *not_kept]
        acknowledged = sum(path.saved + path.sent for path in marks)
        spent = time.monotonic() - start
    yield Row(
        "upgraded from an older version, and back",
        database, spent, acts, acknowledged, lost, 2, tuple(broken[:20]), measured,
    )  # fmt: skip


def _check(here: World, *arguments: str) -> subprocess.CompletedProcess:
    """Run `tests.upgrade.check` on this host's database."""
    command = [sys.executable, "-m", "tests.upgrade.check", *arguments]
    return subprocess.run(command, cwd=ROOT, env=here.env, capture_output=True, text=True, timeout=PATIENCE)


def _changed_answers(here: World, released: Path) -> list[str]:
    """Answers of the upgraded database that differ from the release's, checked on another host."""
    with restore_elsewhere.host_beside(here, "answers") as there:
        process = _check(there, str(released))
    return (process.stdout.splitlines() or [process.stderr[-300:]]) if process.returncode else []


def _older_code(version: str, folder: Path) -> Path:
    """A checkout of the release's tag; this tree if there is no tag yet."""
    tag = os.environ.get(FROM) or f"v{version}"
    tagged = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", f"{tag}^{{commit}}"], cwd=ROOT, capture_output=True
    )
    return _checkout(tag, folder) if tagged.returncode == 0 else ROOT


def _checkout(version: str, folder: Path) -> Path:
    """Check out a version, linked to this tree's build folder."""
    archive = subprocess.run(["git", "archive", version], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    (folder / "build").symlink_to(ROOT / "build")
    return folder


def _release_state(here: World, released: Path, old: Path) -> tuple[Path, dict[str, str], dict]:
    """The release's database under its own code: a backup, fingerprints of its tables, and its figures."""
    process = _check(here, str(released), "--restore")
    if process.returncode:
        raise RuntimeError(process.stderr[-2000:])
    here.root = old
    folder = here.folder / "before-upgrade"
    here.must("backup", str(folder))
    return folder, restore_elsewhere.fingerprints_of_host(here), json.loads(here.must(*SUMMARY))


def _upgrade(here: World, figures: dict) -> tuple[dict, list[str]]:
    """Migrate to this version; return seconds per step, and faults."""
    here.root, measured, broken = ROOT, {}, []
    waiting = here.must("showmigrations", "--plan").count("[ ]")
    begin = time.monotonic()
    here.must("migrate", "-v", "0")
    measured |= {"migrations": waiting, "seconds of migrate": time.monotonic() - begin}
    for command in (("verify_log",), ("recount", "--check")):
        process = here.manage(*command)
        broken += [f"upgraded, {command[0]}: {process.stderr[-300:]}"] if process.returncode else []
    measured["seconds until checked as well"] = time.monotonic() - begin
    now = json.loads(here.must(*SUMMARY))
    broken += [] if _includes(figures, now) else ["upgraded, the figures of a half-year are others"]
    return measured, broken + restore_elsewhere.documents(here)


def _includes(old: dict, new: dict) -> bool:
    """Whether `new` has all values of `old`; newer versions may add keys."""
    return all(
        _includes(value, new.get(name, {})) if isinstance(value, dict) else value == new.get(name)
        for name, value in old.items()
    )


def _work(here: World, minutes: float) -> tuple[list[restore_elsewhere.Mark], int, list[str]]:
    """Clerks save on the new version; everything acknowledged must be there."""
    here.must("collectstatic", "--no-input", "-v", "0")
    here.prepare()
    with Service(here) as service, writing(here, [service.address]) as clerks:
        time.sleep(60 * minutes)
    marks = restore_elsewhere.marks(clerks)
    lost, broken = restore_elsewhere.lost(here, marks)
    if lost:
        broken.append(f"upgraded, {lost} savings are not there")
    return marks, sum(sum(clerk.answers.values()) for clerk in clerks), broken


def _go_back(
    here: World, old: Path, backup: Path, before: dict[str, str], figures: dict
) -> tuple[dict, list[str]]:
    """Restore the backup under the older version: everything must be as before."""
    here.root = old
    begun = time.monotonic()
    here.must("restore", str(backup))
    measured = {"seconds of going back": time.monotonic() - begun}
    broken = restore_elsewhere.differing("gone back", before, restore_elsewhere.fingerprints_of_host(here))
    process = here.manage("verify_log")
    broken += [f"gone back, verify_log: {process.stderr[-300:]}"] if process.returncode else []
    broken += [] if json.loads(here.must(*SUMMARY)) == figures else ["gone back, the figures are others"]
    return measured, broken + restore_elsewhere.documents(here)


def _lost_aside(here: World, marks: list[restore_elsewhere.Mark]) -> tuple[int, list[str]]:
    """Going back sets the newer data aside; this version must be able to restore them completely."""
    (aside,) = here.data.glob("before-restore-*")
    with restore_elsewhere.host_beside(here) as there:
        there.must("restore", str(aside))
        there.must("migrate", "-v", "0")
        return restore_elsewhere.lost(there, marks)
