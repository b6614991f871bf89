"""Small disks to be filled, and disks that fail: mounted by root, gone afterwards."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .world import temporary

MEGABYTE = 1 << 20
# So that /readyz, which warns long before the end, can be seen on disks of this size.
ENOUGH = {"CCHC_DISK_FREE_MB": "2"}


@contextmanager
def in_memory(megabytes: int) -> Iterator[Path]:
    """An empty disk of so many megabytes. Errors: CalledProcessError for who may not mount."""
    with temporary() as folder, _mounted(folder, "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs"):
        yield folder


@contextmanager
def on_file(megabytes: int) -> Iterator[Path]:
    """A disk with ext4 in a file, which can be made to fail (`fail`). Errors: CalledProcessError for who may not."""
    with temporary() as place:
        image, folder = place / "image", place / "disk"
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(megabytes * MEGABYTE)
        _run("mkfs.ext4", "-q", "-m", "0", image)
        with _mounted(folder, "-o", "loop", image):
            folder.chmod(0o711)
            yield folder


def fail(disk: Path) -> None:
    """From now on it takes no writes, also not of files that are open: what Linux does with a broken disk."""
    _run("mount", "-o", "remount,abort", disk)


def repaired(disk: Path) -> None:
    """Taken away, repaired and mounted again, as an administrator does; nobody may hold a file of it open."""
    _run("umount", disk)
    subprocess.run(["e2fsck", "-p", "-f", str(disk.parent / "image")], capture_output=True)
    _run("mount", "-o", "loop", disk.parent / "image", disk)


class Ballast:
    """A file that takes the room of a disk."""

    def __init__(self, disk: Path) -> None:
        self.disk, self.file = disk, disk / "ballast"

    def leave(self, bytes_: int) -> None:
        """Take all the room but so much."""
        room = self.free - bytes_
        if room > 0:
            at = self.file.stat().st_size if self.file.exists() else 0
            with self.file.open("ab") as file:
                os.posix_fallocate(file.fileno(), at, room)

    @property
    def free(self) -> int:
        found = os.statvfs(self.disk)
        return found.f_bavail * found.f_frsize

    def shrink(self) -> None:
        """Take a quarter of what is left: a database may find room in what it has."""
        self.leave(self.free * 3 // 4)

    def drop(self) -> None:
        self.file.unlink()


@contextmanager
def _mounted(folder: Path, *how: object) -> Iterator[None]:
    _run("mount", *how, folder)
    try:
        yield
    finally:
        # Who was just killed lets go of it a little later.
        tries = iter(range(20))
        while subprocess.run(["umount", str(folder)], capture_output=True).returncode:
            if next(tries, None) is None:
                _run("umount", "-l", folder)
                break
            time.sleep(0.5)


def _run(*command: object) -> None:
    subprocess.run([str(one) for one in command], check=True, capture_output=True)
