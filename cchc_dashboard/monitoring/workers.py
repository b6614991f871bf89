"""Hooks for gunicorn: worker ids, the folder for shared metrics, and garbage collection."""

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
    """Create a folder for the metrics of this server, in memory if possible: a full disk must not kill workers."""
    mine = f"{_PREFIX}{os.getpid()}-"
    if mine in os.environ.get(FOLDER, ""):
        return  # configuration is reloaded on SIGHUP
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    for folder in place.glob(f"{_PREFIX}*"):
        # Left behind by a server that was killed.
        if not Path("/proc", folder.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            shutil.rmtree(folder, ignore_errors=True)
    os.environ[FOLDER] = tempfile.mkdtemp(prefix=mine, dir=place)
    values.ValueClass = values.MultiProcessValue(lambda: _number)


def assign_id(worker: Any, others: Any) -> None:
    """In the server, before the fork: the lowest id that no living worker has."""
    used_ids = {other.number for other in others}
    worker.number = next(number for number in range(1, len(used_ids) + 2) if number not in used_ids)


def set_worker(worker: Any) -> None:
    """In the worker, after the fork."""
    global _number
    _number = worker.number


def remove_folder() -> None:
    """When the server ends."""
    shutil.rmtree(os.environ.pop(FOLDER, ""), ignore_errors=True)


# A page allocates about so many container objects: with Python's default (700) garbage collection ran dozens of times
# per page, a seventh of its time.
_THRESHOLD = 10_000


def tune_gc() -> None:
    """Exclude existing objects, which live on and are shared between workers, and raise the threshold."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_THRESHOLD)
