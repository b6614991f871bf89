"""The queue of writers of one database file, for threads and for processes.

A lock on a file keeps the order in which they asked.
"""

import fcntl
import os
import threading
from collections import deque


class WriteQueue:
    """The queue of one database file. Within the process it is first come, first served; between processes it is the
    system's order of waiting for `flock`.
    """

    def __init__(self, path: str) -> None:
        """Errors: OSError where the file can be neither made nor opened."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._changed = threading.Condition()
        self._waiting: deque[threading.Event] = deque()
        self._held = False
        # The thread that waits for the file on behalf of all others, who could not stop waiting for it themselves.
        self._keeper: threading.Thread | None = None
        self._asking = False

    def take(self, seconds: float) -> bool:
        """Wait so long at most; whether the turn is the caller's, who must `leave` then."""
        with self._changed:
            if not (self._held or self._waiting or self._asking) and self._free():
                self._held = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="turns", daemon=True)
                self._keeper.start()
            self._changed.notify()
        if mine.wait(seconds):
            return True
        with self._changed:
            if mine.is_set():
                return True
            self._waiting.remove(mine)
            return False

    def leave(self) -> None:
        """The next one's turn."""
        with self._changed:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._held = False
            self._changed.notify()

    def _free(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _keep(self) -> None:
        while True:
            with self._changed:
                while self._held or not self._waiting:
                    self._changed.wait()
                self._asking = True
            fcntl.flock(self._file, fcntl.LOCK_EX)
            with self._changed:
                self._asking = False
                if self._waiting:
                    self._held = True
                    self._waiting.popleft().set()
                else:
                    # Nobody had the patience.
                    fcntl.flock(self._file, fcntl.LOCK_UN)


_known: dict[str, WriteQueue | None] = {}
_knowing = threading.Lock()


def write_queue_of(database: str) -> WriteQueue | None:
    """The queue of a database file; None where it can have none (in memory, or a folder that takes no files)."""
    found = _known.get(database)
    if found is None and database not in _known:
        with _knowing:
            if database not in _known:
                _known[database] = _new_queue(database)
            found = _known[database]
    return found


def _new_queue(database: str) -> WriteQueue | None:
    if ":memory:" in database or "mode=memory" in database:
        return None
    try:
        return WriteQueue(f"{database}-turns")
    except OSError:
        return None


def _forget() -> None:
    """A forked process asks for itself: a lock that came along would be its parent's."""
    global _knowing
    _known.clear()
    _knowing = threading.Lock()


os.register_at_fork(after_in_child=_forget)
