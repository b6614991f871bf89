"""P16: the second start of the product until its first page."""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.server import served

from .measurement import Result

LIMIT = 5.0


def rows(folder: Path) -> Iterator[Result]:
    """Start twice with the same data folder; the second start is measured."""
    _started(folder)
    seconds = _started(folder)
    yield Result(
        "P16 second scripts/run to the first page ÷ limit", "demo", seconds, LIMIT, unit="s", goal=1.0
    )


def _started(folder: Path) -> float:
    """Seconds until the sign-in page responds; stops the server again."""
    start = time.perf_counter()
    with served(folder):
        return time.perf_counter() - start
