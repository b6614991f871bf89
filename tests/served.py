"""The product as it is served: `scripts/run` in this checkout with data of its own, for what needs a real server."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server whose data lie in `folder`, once its sign-in page answers; stopped afterwards.

    The first start in a folder fills it with the demo. Raises RuntimeError when no page comes within `PATIENCE`.
    """
    port = _free_port()
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CCHC_", "DATABASE_URL"))
    }
    process = subprocess.Popen(
        [ROOT / "scripts" / "run"],
        env=kept | {"PORT": str(port), "CCHC_DATA": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield _answering(f"http://127.0.0.1:{port}", process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _answering(address: str, process: subprocess.Popen) -> str:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/accounts/login/", timeout=5) as response:
                response.read()
                return address
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise RuntimeError("scripts/run served no page")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
