"""A slow disk and a wrong clock for everything that a drill starts, by a small library compiled here (shim.c)."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from .world import temporary

SOURCE = Path(__file__).with_name("shim.c")
SLOW, CLOCK = "DRILL_SLOW", "DRILL_CLOCK"


class Shim:
    """What is set holds from the next call on, in every process that was started under it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in (SLOW, CLOCK):
            self.set(name, 0)

    def set(self, name: str, value: int) -> None:
        """SLOW: milliseconds more for each fsync. CLOCK: seconds that the clock is wrong by."""
        fresh = self._folder / f"{name}.new"
        fresh.write_text(f"{value}\n")
        fresh.rename(self._folder / name)


@contextmanager
def shim() -> Iterator[Shim]:
    """Processes that are started within it, PostgreSQL too, carry it. Errors: FileNotFoundError without gcc."""
    with temporary() as folder:
        library = folder / "shim.so"
        command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        told = {name: str(folder / name) for name in (SLOW, CLOCK)}
        with patch.dict(os.environ, {"LD_PRELOAD": str(library), **told}):
            yield Shim(folder)
