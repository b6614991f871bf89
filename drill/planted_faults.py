"""Planted faults: removes one safeguard at a time in a copy of the tree, and a near test must fail."""

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
# Needed by the tests but not in git.
BESIDE = (".venv", "build")
# Without the test's parameters, which may contain any text.
_FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s[]+)", re.M)


def rows(database: str, minutes: float) -> Iterator[Row]:
    """One row: each fault with the first test that detected it; `broken`: the undetected ones."""
    start, failing, undetected = time.monotonic(), {}, []
    with tempfile.TemporaryDirectory(prefix="cchc-planted-") as folder:
        copy = Path(folder)
        _copy_tree(copy)
        for fault in FAULTS:
            failed = _failing_with(copy, fault)
            if failed:
                failing[fault.name] = failed[0]
            else:
                undetected.append(f"no test detects: {fault.name} ({fault.file})")
            print(f"{fault.name}: {failed[0] if failed else 'NOT DETECTED'}", file=sys.stderr, flush=True)
        # A test that also fails without a fault detects nothing.
        undetected += [
            f"fails with nothing planted: {test}"
            for test in _failing(copy, sorted(set(failing.values())), first=False)
        ]
    seconds = time.monotonic() - start
    yield Row("planted", database, seconds, faults=len(FAULTS), broken=tuple(undetected), measured=failing)


def planted(text: str, fault: Fault) -> str:
    """The file's text with the fault. Errors: ValueError unless the old text occurs exactly once."""
    if text.count(fault.old) != 1:
        raise ValueError(f"{fault.file} holds {text.count(fault.old)} times: {fault.old}")
    return text.replace(fault.old, fault.new)


def _failing_with(copy: Path, fault: Fault) -> list[str]:
    """The tests that fail with the fault in the copy; restores the file."""
    file = copy / fault.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(planted(whole, fault), encoding="utf-8")
    try:
        return _failing(copy, fault.tests.split(), first=True)
    finally:
        file.write_text(whole, encoding="utf-8")


def _copy_tree(copy: Path) -> None:
    """Copy tracked and untracked files as they are now; link what is not in git."""
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
    """The tests that fail; `first`: stop at the first. Errors: RuntimeError if pytest cannot run."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
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
    process = subprocess.run(
        [*command, *tests],
        cwd=copy,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    failed = _FAILED.findall(process.stdout)
    if process.returncode not in (0, 1) or bool(process.returncode) != bool(failed):
        raise RuntimeError(
            f"pytest {' '.join(tests)}: {process.returncode}\n{process.stdout[-2000:]}{process.stderr[-2000:]}"
        )
    return failed
