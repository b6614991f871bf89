"""The queue of writers of one SQLite file: first come, first served; dead processes leave it, waiting has an end."""

import multiprocessing
import os
import signal
import threading
import time

import pytest
from django.db import OperationalError, connections, transaction

from core.sqlite3.base import DatabaseWrapper, WriteQueue, write_queue_of

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "one.sqlite3")


@pytest.fixture
def base(path, django_db_blocker):
    """A connection to a separate file, with the backend of the settings."""
    options = {"transaction_mode": "IMMEDIATE", "timeout": 0.2}
    settings = connections.settings["default"] | {"NAME": path, "OPTIONS": options}
    settings["ENGINE"] = "core.sqlite3"
    connections["apart"] = made = DatabaseWrapper(settings, "apart")
    with django_db_blocker.unblock():
        with made.cursor() as cursor:
            cursor.execute("CREATE TABLE thing (name text UNIQUE)")
        yield made
        made.close()
    del connections["apart"]


def free(path: str) -> bool:
    """Whether another process could write now."""
    other = WriteQueue(f"{path}-turns")
    got = other.take(0.0)
    if got:
        other.leave()
    return got


def wait_until(true) -> None:
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def test_threads_are_let_in_as_they_came(path):
    line, order = WriteQueue(path), []
    assert line.take(1)

    def come(number: int) -> None:
        assert line.take(10)
        order.append(number)
        line.leave()

    threads = [threading.Thread(target=come, args=(number,)) for number in range(6)]
    for number, thread in enumerate(threads):
        thread.start()
        wait_until(lambda number=number: len(line._waiting) == number + 1)
    line.leave()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 5]


def _hold(path: str, taken) -> None:
    WriteQueue(path).take(1)
    taken.set()
    time.sleep(60)


def test_nobody_waits_for_the_dead(path):
    taken = FORK.Event()
    process = FORK.Process(target=_hold, args=(path, taken))
    process.start()
    assert taken.wait(10)
    line = WriteQueue(path)
    assert not line.take(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert line.take(10)


def test_who_gave_up_holds_nothing(path):
    line, other = WriteQueue(path), WriteQueue(path)
    assert other.take(1)
    assert not line.take(0.05)
    other.leave()
    wait_until(lambda: other.take(0.0))
    assert not line.take(0.05)
    other.leave()
    assert line.take(5)


def _ask(database: str, answer) -> None:
    answer.put(write_queue_of(database).take(0.05))


def test_a_forked_process_asks_for_itself(path):
    line, answer = write_queue_of(path), FORK.SimpleQueue()
    assert line.take(1)
    process = FORK.Process(target=_ask, args=(path, answer))
    process.start()
    assert answer.get() is False
    process.join()
    line.leave()


def test_a_transaction_holds_the_turn_until_its_end(base, path):
    with transaction.atomic("apart"):
        assert not free(path)
        with transaction.atomic("apart"):
            pass
        assert not free(path)
    assert free(path)
    with pytest.raises(RuntimeError), transaction.atomic("apart"):
        raise RuntimeError
    assert free(path)


def test_a_statement_outside_waits_as_well(base, path):
    other = WriteQueue(f"{path}-turns")
    assert other.take(1)
    with base.cursor() as cursor, pytest.raises(OperationalError, match="locked"):
        cursor.execute("INSERT INTO thing VALUES ('a')")
    with base.cursor() as cursor:
        assert cursor.execute("SELECT COUNT(*) FROM thing").fetchone() == (0,)
    with pytest.raises(OperationalError, match="locked"), transaction.atomic("apart"):
        pass
    other.leave()
    wait_until(lambda: free(path))
    with base.cursor() as cursor:
        cursor.execute("INSERT INTO thing VALUES ('a')")
    assert free(path)


def test_a_transaction_that_cannot_begin_leaves(base, path, monkeypatch):
    monkeypatch.setattr(base, "transaction_mode", "NONSENSE")
    with pytest.raises(OperationalError), transaction.atomic("apart"):
        pass
    assert free(path)


def test_a_connection_closed_in_between_leaves(base, path):
    with transaction.atomic("apart"):
        base.close()
        transaction.set_rollback(True, "apart")
    assert free(path)


def test_without_a_place_for_the_queue_sqlite_decides_alone(tmp_path):
    assert write_queue_of(str(tmp_path / "nowhere" / "one.sqlite3")) is None
    assert write_queue_of("file:memorydb_default?mode=memory&cache=shared") is None


def _write_many(path: str, writer: int) -> None:
    made = DatabaseWrapper(connections.settings["default"] | {"NAME": path}, "apart")
    made.settings_dict["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}
    connections["apart"] = made
    for row in range(25):
        with transaction.atomic("apart"), made.cursor() as cursor:
            cursor.execute("INSERT INTO thing VALUES (%s)", [f"{writer}/{row}"])
    made.close()


def test_processes_and_threads_write_side_by_side(base, path):
    base.close()
    writers = [FORK.Process(target=_write_many, args=(path, number)) for number in range(3)]
    writers += [threading.Thread(target=_write_many, args=(path, number)) for number in range(3, 6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with base.cursor() as cursor:
        assert cursor.execute("SELECT COUNT(*) FROM thing").fetchone() == (150,)
