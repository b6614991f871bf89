"""Django's SQLite backend with a queue of writers: every transaction, and every writing statement outside a
transaction, waits for its turn, in order of arrival.
"""

import fcntl
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError
from django.utils.dateparse import parse_date


class WriteQueue:
    """The queue of a database file: first come, first served within a process; between processes the order in which
    the system grants `flock`.
    """

    def __init__(self, path: str) -> None:
        """Errors: OSError if the lock file cannot be opened."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._changed = threading.Condition()
        self._waiting: deque[threading.Event] = deque()
        self._held = False
        # Waits for `flock`, which has no timeout, on behalf of all other threads.
        self._keeper: threading.Thread | None = None
        self._asking = False

    def take(self, seconds: float) -> bool:
        """Wait up to `seconds` for the turn; if True, the caller must `leave`."""
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
        """End the caller's turn."""
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
                    # All waiting threads have timed out.
                    fcntl.flock(self._file, fcntl.LOCK_UN)


_queues: dict[str, WriteQueue | None] = {}
_queues_lock = threading.Lock()


def write_queue_of(database: str) -> WriteQueue | None:
    """The queue of a database file; None for a database in memory or a read-only folder."""
    queue = _queues.get(database)
    if queue is None and database not in _queues:
        with _queues_lock:
            if database not in _queues:
                _queues[database] = _new_queue(database)
            queue = _queues[database]
    return queue


def _new_queue(database: str) -> WriteQueue | None:
    if ":memory:" in database or "mode=memory" in database:
        return None
    try:
        return WriteQueue(f"{database}-turns")
    except OSError:
        return None


def _forget() -> None:
    """After a fork: an inherited lock would be shared with the parent."""
    global _queues_lock
    _queues.clear()
    _queues_lock = threading.Lock()


os.register_at_fork(after_in_child=_forget)

# Hundreds of rows have only a few different days: parses each once.
base.Database.register_converter("date", lru_cache(maxsize=4096)(base.decoder(parse_date)))

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLAC")


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's wrapper with the queue of writers."""

    _turn: WriteQueue | None = None  # during this connection's turn
    _reads = False

    def create_cursor(self, name: str | None = None) -> "QueuedCursor":
        cursor = self.connection.cursor(factory=QueuedCursor)
        cursor.wrapper = self
        return cursor

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Transactions begun within it only read, and do not wait in the queue."""
        self._reads = True
        try:
            yield
        finally:
            self._reads = False

    def _start_transaction_under_autocommit(self) -> None:
        if self._reads:
            self.cursor().execute("BEGIN DEFERRED")
            return
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._leave_turn()
            raise

    def _commit(self) -> None:
        super()._commit()
        # If the commit fails, Django rolls back.
        self._leave_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._leave_turn()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._leave_turn()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The turn for one statement outside a transaction."""
        self._take_turn()
        try:
            yield
        finally:
            self._leave_turn()

    def _take_turn(self) -> None:
        turns = write_queue_of(str(self.settings_dict["NAME"])) if self._turn is None else None
        if turns is not None:
            if not turns.take(self.settings_dict["OPTIONS"].get("timeout", 5)):
                raise OperationalError("database is locked: timed out in the queue of writers")
            self._turn = turns

    def _leave_turn(self) -> None:
        turns, self._turn = self._turn, None
        if turns is not None:
            turns.leave()


class QueuedCursor(base.SQLiteCursorWrapper):
    """Takes a turn for a writing statement outside a transaction."""

    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        if self.wrapper.in_atomic_block or query[:6] not in _WRITES:
            return super().execute(query, params)
        with self.wrapper.turn():
            return super().execute(query, params)
