"""From an older version with data to this one, and back, as docs/deploy.md says: `migrate`, and `restore` of the backup
that was made before. It starts from the database of the newest release in tests/upgrade.
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

KEPT = ROOT / "tests" / "upgrade"
# Names the commit of the older code, where it is not that of the release's tag.
FROM = "CCHC_DRILL_FROM"
ASKED = ("summary", "--unit", "351", "--period", "2022-H1", "--format", "json")


def rows(database: str, minutes: float) -> Iterator[Row]:
    """Up from the newest release that is kept, clerks at work on this version for `minutes`, and back."""
    released = max(KEPT.glob("[0-9]*"), key=lambda one: tuple(map(int, one.name.split("."))))
    with temporary() as folder, restore_elsewhere.bare(database, folder) as here:
        start = time.monotonic()
        broken = _answering(here, released)
        old = _older_code(released.name, here.folder / "old")
        kept, before, figures = _as_it_was(here, released, old)
        took, wrong = _up(here, figures)
        known, acts, failed = _work(here, minutes)
        back, not_back = _back(here, old, kept, before, figures)
        lost, not_kept = _since(here, known)
        measured = {
            "from": released.name,
            "migrations": took.pop("migrations"),
            **{name: round(seconds, 1) for name, seconds in (took | back).items()},
        }
        broken = [*broken, *wrong, *failed, *not_back, *not_kept]
        acknowledged = sum(one.saved + one.sent for one in known)
        spent = time.monotonic() - start
    yield Row(
        "upgraded from an older version, and back",
        database, spent, acts, acknowledged, lost, 2, tuple(broken[:20]), measured,
    )  # fmt: skip


def _check(here: World, *arguments: str) -> subprocess.CompletedProcess:
    """What `tests.upgrade.check` says of this host's database."""
    command = [sys.executable, "-m", "tests.upgrade.check", *arguments]
    return subprocess.run(command, cwd=ROOT, env=here.env, capture_output=True, text=True, timeout=PATIENCE)


def _answering(here: World, released: Path) -> list[str]:
    """What the upgraded database answers otherwise than the release did, on a host of its own."""
    with restore_elsewhere.empty(here, "answers") as there:
        done = _check(there, str(released))
    return (done.stdout.splitlines() or [done.stderr[-300:]]) if done.returncode else []


def _older_code(version: str, folder: Path) -> Path:
    """A checkout of the release's tag; without one (it is not tagged yet) this is the release."""
    tag = os.environ.get(FROM) or f"v{version}"
    found = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", f"{tag}^{{commit}}"], cwd=ROOT, capture_output=True
    )
    return _unpacked(tag, folder) if found.returncode == 0 else ROOT


def _unpacked(version: str, folder: Path) -> Path:
    """A checkout of its own; what `scripts/frontend` builds is this one's."""
    archive = subprocess.run(["git", "archive", version], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    (folder / "build").symlink_to(ROOT / "build")
    return folder


def _as_it_was(here: World, released: Path, old: Path) -> tuple[Path, dict[str, str], dict]:
    """The release's database under its code: its backup, the prints of its tables, and figures as it gives them."""
    done = _check(here, str(released), "--restore")
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    here.root = old
    folder = here.folder / "before-upgrade"
    here.must("backup", str(folder))
    return folder, restore_elsewhere.prints(here), json.loads(here.must(*ASKED))


def _up(here: World, figures: dict) -> tuple[dict, list[str]]:
    """This version takes over; how long each step took, and what is wrong."""
    here.root, took, broken = ROOT, {}, []
    waiting = here.must("showmigrations", "--plan").count("[ ]")
    begun = time.monotonic()
    here.must("migrate", "-v", "0")
    took |= {"migrations": waiting, "seconds of migrate": time.monotonic() - begun}
    for command in (("verify_log",), ("recount", "--check")):
        done = here.manage(*command)
        broken += [f"upgraded, {command[0]}: {done.stderr[-300:]}"] if done.returncode else []
    took["seconds until checked as well"] = time.monotonic() - begun
    now = json.loads(here.must(*ASKED))
    broken += [] if _same(figures, now) else ["upgraded, the figures of a half-year are others"]
    return took, broken + restore_elsewhere.documents(here)


def _same(old: dict, new: dict) -> bool:
    """Whether everything that the older version said is said still: newer ones say more."""
    return all(
        _same(value, new.get(name, {})) if isinstance(value, dict) else value == new.get(name)
        for name, value in old.items()
    )


def _work(here: World, minutes: float) -> tuple[list[restore_elsewhere.Mark], int, list[str]]:
    """Clerks at work on the new version: what they were told is there."""
    here.must("collectstatic", "--no-input", "-v", "0")
    here.prepare()
    with Service(here) as service, writing(here, [service.address]) as clerks:
        time.sleep(60 * minutes)
    known = restore_elsewhere.marks(clerks)
    lost, broken = restore_elsewhere.lost(here, known)
    if lost:
        broken.append(f"upgraded, {lost} savings are not there")
    return known, sum(sum(clerk.answers.values()) for clerk in clerks), broken


def _back(
    here: World, old: Path, kept: Path, before: dict[str, str], figures: dict
) -> tuple[dict, list[str]]:
    """The older version again, with the backup that was made before: everything is as it was."""
    here.root = old
    begun = time.monotonic()
    here.must("restore", str(kept))
    took = {"seconds of going back": time.monotonic() - begun}
    broken = restore_elsewhere.differing("gone back", before, restore_elsewhere.prints(here))
    done = here.manage("verify_log")
    broken += [f"gone back, verify_log: {done.stderr[-300:]}"] if done.returncode else []
    broken += [] if json.loads(here.must(*ASKED)) == figures else ["gone back, the figures are others"]
    return took, broken + restore_elsewhere.documents(here)


def _since(here: World, known: list[restore_elsewhere.Mark]) -> tuple[int, list[str]]:
    """What was entered on the new version was put aside by going back: this version reads it, whole."""
    (aside,) = here.data.glob("before-restore-*")
    with restore_elsewhere.empty(here) as there:
        there.must("restore", str(aside))
        there.must("migrate", "-v", "0")
        return restore_elsewhere.lost(there, known)
