"""A slow disk and a wrong clock for all processes of a drill, by a library compiled from shim.c."""

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
    """A setting applies to the next call in every process started under the shim."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in (SLOW, CLOCK):
            self.set(name, 0)

    def set(self, name: str, value: int) -> None:
        """SLOW: additional milliseconds per fsync. CLOCK: offset of the clock in seconds."""
        fresh = self._folder / f"{name}.new"
        fresh.write_text(f"{value}\n")
        fresh.rename(self._folder / name)


@contextmanager
def shim() -> Iterator[Shim]:
    """Preload the library in all processes started within. Errors: FileNotFoundError without gcc."""
    with temporary() as folder:
        library = folder / "shim.so"
        command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        control_files = {name: str(folder / name) for name in (SLOW, CLOCK)}
        with patch.dict(os.environ, {"LD_PRELOAD": str(library), **control_files}):
            yield Shim(folder)
