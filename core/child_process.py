"""Reads a file that comes from outside in a child process of its own, with bounds on memory, time and answer
(acceptance S22).
"""

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
    """The program did not come to its end; the text says why, for the log."""


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
