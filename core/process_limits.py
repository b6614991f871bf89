"""Limits memory, processor time and file size of a child process that reads foreign files.

The process calls it before it reads a byte.
"""

import os
import resource
import sys

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


def begin() -> list[str]:
    """Called first by a program that `core.child_process` starts: it is bound from now on. Its further arguments."""
    memory, seconds, written = map(int, sys.argv[1:4])
    limit_this_process(memory=memory, seconds=seconds, written=written)
    return sys.argv[4:]
