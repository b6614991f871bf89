"""Serves the product by `scripts/run` in this checkout with its own data, for tests that need a real server."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds
# Settings of this machine, and the one that only browser tests need.
NOT_PASSED_ON = ("CCHC_", "DATABASE_URL", "DJANGO_ALLOW_ASYNC_UNSAFE")


class Server:
    """`scripts/run` at one port on the data in `folder`; it can be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._port = folder, free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Returns once the sign-in page responds. The first start in a folder fills it with the demo.

        Errors: RuntimeError if no page comes within `PATIENCE`.
        """
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)
        }
        self._process = subprocess.Popen(
            [ROOT / "scripts" / "run"],
            env=environment | {"PORT": str(self._port), "CCHC_DATA": str(self.folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        answering(self.address, self._process)

    def end(self, sign: int = signal.SIGTERM) -> None:
        """Signal the whole process group and wait for its end; nothing if it has ended."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, sign)
            self._process.wait(30)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server with its data in `folder`; stopped afterwards. Errors: those of `Server.start`."""
    server = Server(folder)
    try:
        server.start()
        yield server.address
    finally:
        server.end()


def answering(address: str, process: subprocess.Popen, path: str = "/accounts/login/") -> None:
    """Wait until the sign-in page responds. Errors: RuntimeError if it does not within `PATIENCE`."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address + path, timeout=5) as response:
                response.read()
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise RuntimeError(f"no page at {address}")


def free_port() -> int:
    """A port that no process listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
