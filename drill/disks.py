"""Small temporary disks to fill, and disks that fail; needs root to mount them."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .world import temporary

MEGABYTE = 1 << 20
# /readyz warns long before a disk is full: lower its limit for disks of this size.
ENOUGH = {"CCHC_DISK_FREE_MB": "2"}


@contextmanager
def in_memory(megabytes: int) -> Iterator[Path]:
    """An empty tmpfs. Errors: CalledProcessError without the right to mount."""
    with temporary() as folder, _mounted(folder, "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs"):
        yield folder


@contextmanager
def on_file(megabytes: int) -> Iterator[Path]:
    """An ext4 disk in a file, for `fail`. Errors: CalledProcessError without the right to mount."""
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
    """Make the disk refuse writes, also to open files, as Linux does with a broken disk."""
    _run("mount", "-o", "remount,abort", disk)


def repair(disk: Path) -> None:
    """Unmount, repair and mount again, as an administrator does; no file may be open."""
    _run("umount", disk)
    subprocess.run(["e2fsck", "-p", "-f", str(disk.parent / "image")], capture_output=True)
    _run("mount", "-o", "loop", disk.parent / "image", disk)


class Ballast:
    """A file that takes up a disk's space."""

    def __init__(self, disk: Path) -> None:
        self.disk, self.file = disk, disk / "ballast"

    def leave(self, bytes_: int) -> None:
        """Take all space but `bytes_`."""
        room = self.free - bytes_
        if room > 0:
            at = self.file.stat().st_size if self.file.exists() else 0
            with self.file.open("ab") as file:
                os.posix_fallocate(file.fileno(), at, room)

    @property
    def free(self) -> int:
        status = os.statvfs(self.disk)
        return status.f_bavail * status.f_frsize

    def shrink(self) -> None:
        """Take a quarter of the free space: a database may still reuse space in its files."""
        self.leave(self.free * 3 // 4)

    def drop(self) -> None:
        self.file.unlink()


@contextmanager
def _mounted(folder: Path, *how: object) -> Iterator[None]:
    _run("mount", *how, folder)
    try:
        yield
    finally:
        # A killed process releases its files a little later.
        tries = iter(range(20))
        while subprocess.run(["umount", str(folder)], capture_output=True).returncode:
            if next(tries, None) is None:
                _run("umount", "-l", folder)
                break
            time.sleep(0.5)


def _run(*command: object) -> None:
    subprocess.run([str(argument) for argument in command], check=True, capture_output=True)
