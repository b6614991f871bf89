"""Lock files by which processes of one host take turns, also on a disk that takes no writes (acceptance R3,
R4).
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings


@contextmanager
def open_lock_file(name: str) -> Iterator[int]:
    """The number of an open file of the data folder, for `fcntl.flock`; it is made where it is not there."""
    number = _opened(settings.DATA_DIR / name)
    try:
        yield number
    finally:
        os.close(number)


def take(number: int, waiting: Callable[[], None], pause: float = 0.05) -> None:
    """Return once the open file is ours; `waiting` is called while it is another's, and ends the wait by raising."""
    while True:
        try:
            return fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            time.sleep(pause)


def _opened(path: Path) -> int:
    """What cannot be made or written to can be locked all the same, if need be as the folder it would lie in: others
    then wait longer than they had to.
    """
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for place in (path, path.parent):
        with suppress(OSError):
            return os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    return os.open(settings.DATA_DIR, os.O_RDONLY | os.O_CLOEXEC)
