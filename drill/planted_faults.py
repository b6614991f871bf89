"""Planted faults: in a copy of the tree one defence is taken away at a time, and a near test must fail."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.server import NOT_PASSED_ON, ROOT

from .code_faults import FAULTS
from .fault import Fault
from .rows import Row

PATIENCE = 900
# Made by npm and LibreOffice's fonts: the tests need it, git does not hold it.
BESIDE = (".venv", "build")
# Without the parameters, which may hold anything.
_FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s[]+)", re.M)


def rows(database: str, minutes: float) -> Iterator[Row]:
    """One row: of so many faults planted, each with the first test that told; and what none told."""
    start, told, missed = time.monotonic(), {}, []
    with tempfile.TemporaryDirectory(prefix="cchc-planted-") as folder:
        copy = Path(folder)
        _copied(copy)
        for fault in FAULTS:
            failed = _planted(copy, fault)
            if failed:
                told[fault.name] = failed[0]
            else:
                missed.append(f"no test told: {fault.name} ({fault.file})")
            print(f"{fault.name}: {failed[0] if failed else 'NOT TOLD'}", file=sys.stderr, flush=True)
        # A test that fails anyway tells nothing.
        missed += [
            f"fails with nothing planted: {test}"
            for test in _failing(copy, sorted(set(told.values())), first=False)
        ]
    seconds = time.monotonic() - start
    yield Row("planted", database, seconds, faults=len(FAULTS), broken=tuple(missed), measured=told)


def planted(text: str, fault: Fault) -> str:
    """The file's text with the fault in it. Errors: ValueError where the old text is not there exactly once."""
    if text.count(fault.old) != 1:
        raise ValueError(f"{fault.file} holds {text.count(fault.old)} times: {fault.old}")
    return text.replace(fault.old, fault.new)


def _planted(copy: Path, fault: Fault) -> list[str]:
    """The tests that fail with the fault in the copy, which is whole again afterwards."""
    file = copy / fault.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(planted(whole, fault), encoding="utf-8")
    try:
        return _failing(copy, fault.tests.split(), first=True)
    finally:
        file.write_text(whole, encoding="utf-8")


def _copied(copy: Path) -> None:
    """What git holds or would take, as it lies here; what is made, by a link."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(BESIDE):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    for name in BESIDE:
        (copy / name).symlink_to((ROOT / name).resolve())


def _failing(copy: Path, tests: list[str], *, first: bool) -> list[str]:
    """The tests that fail; only the `first` where that is enough. Errors: RuntimeError where they could not run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        *(["-x"] if first else []),
    ]
    done = subprocess.run(
        [*command, *tests],
        cwd=copy,
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    failed = _FAILED.findall(done.stdout)
    if done.returncode not in (0, 1) or bool(done.returncode) != bool(failed):
        raise RuntimeError(
            f"pytest {' '.join(tests)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return failed
