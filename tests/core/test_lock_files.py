"""Lock files also work on a read-only disk."""

import errno
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.lock_files import open_lock_file

NAMES = ("kept.lock", "fresh.lock", "there/new.lock", "nowhere/new.lock")


@pytest.fixture
def failing_disk(settings, tmp_path, monkeypatch):
    """A read-only data folder that holds one lock file and one folder."""
    (tmp_path / "kept.lock").touch()
    (tmp_path / "there").mkdir()
    settings.DATA_DIR = tmp_path
    real_open = os.open

    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    def only_reading(path, flags, *more, **others):
        return refuse(path) if flags & (os.O_RDWR | os.O_CREAT) else real_open(path, flags, *more, **others)

    monkeypatch.setattr(os, "open", only_reading)
    monkeypatch.setattr(os, "mkdir", refuse)


@pytest.mark.parametrize("name", NAMES)
def test_who_holds_a_lock_keeps_others_waiting(failing_disk, name):
    with open_lock_file(name) as first, open_lock_file(name) as other:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_lock_is_free_again_after_its_holder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    inside, most = [], []

    def turn(_):
        with open_lock_file("a/lock") as number:
            fcntl.flock(number, fcntl.LOCK_EX)
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(turn, range(40)))
    assert (len(most), max(most)) == (40, 1)
