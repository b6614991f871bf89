"""The database backend: every transaction, and every writing statement outside of one, waits for its turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError
from django.utils.dateparse import parse_date

from .write_queue import WriteQueue, write_queue_of

# Hundreds of rows have a handful of days between them: each is made of its text once.
base.Database.register_converter("date", lru_cache(maxsize=4096)(base.decoder(parse_date)))

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLAC")


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, but for who writes when."""

    _turn: WriteQueue | None = None  # while it is ours
    _reads = False

    def create_cursor(self, name: str | None = None) -> "QueuedCursor":
        cursor = self.connection.cursor(factory=QueuedCursor)
        cursor.wrapper = self
        return cursor

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within it a transaction begins as one that only reads: it waits for nobody, and nobody for it."""
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
        # One that fails is rolled back.
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
        """For one statement outside a transaction."""
        self._take_turn()
        try:
            yield
        finally:
            self._leave_turn()

    def _take_turn(self) -> None:
        turns = write_queue_of(str(self.settings_dict["NAME"])) if self._turn is None else None
        if turns is not None:
            if not turns.take(self.settings_dict["OPTIONS"].get("timeout", 5)):
                raise OperationalError("database is locked: others have been writing all the while")
            self._turn = turns

    def _leave_turn(self) -> None:
        turns, self._turn = self._turn, None
        if turns is not None:
            turns.leave()


class QueuedCursor(base.SQLiteCursorWrapper):
    """A statement that writes outside a transaction is one of its own."""

    wrapper: DatabaseWrapper

    def execute(self, query: str, params: Any = None) -> Any:
        if self.wrapper.in_atomic_block or query[:6] not in _WRITES:
            return super().execute(query, params)
        with self.wrapper.turn():
            return super().execute(query, params)
