"""Runs a program on an untrusted file in a child process with limits on memory, time and output (acceptance S22).

Both the parent's and the child's side; standard library only.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import IO

# Wall-clock seconds per second of CPU time, since other processes run too.
_PATIENCE = 6


class ChildProcessFailed(RuntimeError):
    """The program failed or was killed; the text gives the reason for the log."""


@dataclass(frozen=True)
class ProcessBounds:
    """Bytes of address space, seconds of CPU time, and bytes of output."""

    memory: int
    seconds: int
    written: int


def read_in_child(
    program: Path,
    source: IO[bytes],
    bounds: ProcessBounds,
    arguments: Iterable[object],
    *,
    packages: bool = False,
) -> IO[bytes]:
    """The output of the program for the file `source`, as a file at its beginning; `arguments` follow the bounds.
    `packages`: it may import installed packages. Raises ChildProcessFailed.
    """
    isolated = ["-I"] if packages else ["-I", "-S"]
    command = [sys.executable, *isolated, str(program), *map(str, (*astuple(bounds), *arguments))]
    answer = tempfile.TemporaryFile()
    try:
        run = subprocess.run(
            command,
            stdin=source,
            stdout=answer,
            stderr=subprocess.PIPE,
            timeout=_PATIENCE * bounds.seconds,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        answer.close()
        raise ChildProcessFailed("took too long") from late
    if run.returncode:
        answer.close()
        raise ChildProcessFailed(
            f"status {run.returncode} {run.stderr[-300:].decode(errors='replace').strip()}"
        )
    answer.seek(0)
    return answer


# Lower priority than requests.
NICENESS = 5


def limit_this_process(*, memory: int, seconds: int, written: int) -> None:
    """Limit this process to bytes of address space, seconds of CPU time and bytes of each written file, without core
    dumps, and lower its priority.
    """
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, written),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    os.nice(NICENESS)


def begin_in_child() -> list[str]:
    """Called first in the child: applies the limits, and returns the other arguments."""
    memory, seconds, written = map(int, sys.argv[1:4])
    limit_this_process(memory=memory, seconds=seconds, written=written)
    return sys.argv[4:]
