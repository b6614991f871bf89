"""Runs a program on a file from outside in a child process, with limits on memory, time and answer
(acceptance S22). Both sides: what starts the program, and what the program calls first. Standard library
only.
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

# By the clock a program takes longer than it has of the processor while others work.
_PATIENCE = 6


class ChildProcessFailed(RuntimeError):
    """The program failed or was killed; the text says why, for the log."""


@dataclass(frozen=True)
class ProcessBounds:
    """Bytes of addresses, seconds of the processor, and bytes of the answer."""

    memory: int
    seconds: int
    written: int


def read_in_child(
    program: Path, given: IO[bytes], bounds: ProcessBounds, told: Iterable[object], *, packages: bool = False
) -> IO[bytes]:
    """What the program wrote of the file `given`, from its beginning; `told` are its arguments after the bounds.
    `packages`: it may import what is installed, not the standard library only. Raises Failed.
    """
    isolated = ["-I"] if packages else ["-I", "-S"]
    command = [sys.executable, *isolated, str(program), *map(str, (*astuple(bounds), *told))]
    answer = tempfile.TemporaryFile()
    try:
        run = subprocess.run(
            command,
            stdin=given,
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


# Pages of people who wait for an answer go before such work.
NICENESS = 5


def limit_this_process(*, memory: int, seconds: int, written: int) -> None:
    """From now on this process has so many bytes of address space, seconds of the processor, and bytes of each file
    that it writes; what goes beyond fails or ends the process, and no core is dumped.
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
    """Called first by a program that `core.child_process` starts: it is bound from now on. Its further arguments."""
    memory, seconds, written = map(int, sys.argv[1:4])
    limit_this_process(memory=memory, seconds=seconds, written=written)
    return sys.argv[4:]
