"""P16: the second start of the product, until its first page stands."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from .databases import ROOT
from .measuring import Result

LIMIT = 5.0
PATIENCE = 300


def rows(folder: Path) -> Iterator[Result]:
    """`scripts/run` in this checkout with data of its own: the first start fills them, the second is measured."""
    _started(folder)
    seconds = _started(folder)
    yield Result(
        "P16 second scripts/run to the first page ÷ limit", "demo", seconds, LIMIT, unit="s", goal=1.0
    )


def _started(folder: Path) -> float:
    """Seconds until the sign-in page answers; the server is stopped again."""
    port = _free_port()
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CCHC_", "DATABASE_URL"))
    }
    start = time.perf_counter()
    process = subprocess.Popen(
        [ROOT / "scripts" / "run"],
        env=kept | {"PORT": str(port), "CCHC_DATA": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(port, process)
        return time.perf_counter() - start
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait(port: int, process: subprocess.Popen) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=5) as response:
                response.read()
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise RuntimeError("scripts/run served no page")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
