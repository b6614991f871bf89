"""Hooks of gunicorn's workers: worker ids, the folder through which they add up their counts, and a higher
threshold of garbage collection.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from prometheus_client import values

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "cchc-metrics-"
_number = 0


def prepare_folder() -> None:
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


def assign_id(worker: Any, others: Any) -> None:
    """In the server, before the fork: the lowest number that no living worker has."""
    taken = {other.number for other in others}
    worker.number = next(one for one in range(1, len(taken) + 2) if one not in taken)


def set_worker(worker: Any) -> None:
    """In the worker, after the fork."""
    global _number
    _number = worker.number


def remove_folder() -> None:
    """When the server ends."""
    shutil.rmtree(os.environ.pop(FOLDER, ""), ignore_errors=True)


# A page makes about so many objects that may be garbage and keeps few: as Python comes (700) it would be looked
# through dozens of times, which took a seventh of its time.
_THRESHOLD = 10_000


def tune_gc() -> None:
    """Leave all that was made until now out of every search: it stays, and is shared between workers."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_THRESHOLD)
