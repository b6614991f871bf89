"""Which of gunicorn's workers a process is, and the folder through which they add up their counts (metrics.py).

Called by gunicorn.conf.py before anything of Django is loaded. A worker that is recycled hands its number to its
successor, which counts on where it stopped: so the files stay as many as there are workers, however long it runs.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from prometheus_client import values

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "cchc-metrics-"
_number = 0


def prepare() -> None:
    """A new folder for this server, in memory where there is such a place: on a full disk counting must not kill."""
    mine = f"{_PREFIX}{os.getpid()}-"
    if mine in os.environ.get(FOLDER, ""):
        return  # read again on SIGHUP
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    for left in place.glob(f"{_PREFIX}*"):
        # Of a server that was killed.
        if not Path("/proc", left.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    os.environ[FOLDER] = tempfile.mkdtemp(prefix=mine, dir=place)
    values.ValueClass = values.MultiProcessValue(lambda: _number)


def take_number(worker: Any, others: Any) -> None:
    """In the server, before the fork: the lowest number that no living worker has."""
    taken = {one.number for one in others}
    worker.number = next(one for one in range(1, len(taken) + 2) if one not in taken)


def be(worker: Any) -> None:
    """In the worker, after the fork."""
    global _number
    _number = worker.number


def clear() -> None:
    """When the server ends."""
    shutil.rmtree(os.environ.pop(FOLDER, ""), ignore_errors=True)
