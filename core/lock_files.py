"""Lock files between processes of one host, which also work on a full or read-only disk (acceptance R3, R4)."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings


@contextmanager
def open_lock_file(name: str) -> Iterator[int]:
    """The descriptor of a file in the data folder for `fcntl.flock`; creates the file."""
    number = _opened(settings.DATA_DIR / name)
    try:
        yield number
    finally:
        os.close(number)


def take(number: int, waiting: Callable[[], None], pause: float = 0.05) -> None:
    """Return once this process has the lock; calls `waiting` between attempts, which may raise to give up."""
    while True:
        try:
            return fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            time.sleep(pause)


def _opened(path: Path) -> int:
    """A descriptor of the file. If it cannot be created or written, opens it read-only, or else its folder, on which
    unrelated locks wait for each other.
    """
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for place in (path, path.parent):
        with suppress(OSError):
            return os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    return os.open(settings.DATA_DIR, os.O_RDONLY | os.O_CLOEXEC)
