"""The product served by gunicorn with production settings, to be killed in whole or in part."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.support.server import ROOT, answering, free_port

from .world import World

PATIENCE = 60


class Service:
    """A gunicorn on a world's database; `settings`: environment variables."""

    def __init__(self, here: World, **settings: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.env = here.env | {"PORT": str(self.port)} | settings
        # Not deleted, to be read after a failure.
        self.log = ROOT / "build" / "drill" / f"gunicorn-{self.port}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Service":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.end()

    def start(self) -> None:
        """Return once the sign-in page responds. Workers of a killed master free the port within a second, and gunicorn
        retries for five.
        """
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "cchc_dashboard.wsgi"],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        answering(self.address, self.process)

    @property
    def workers(self) -> list[int]:
        """The worker processes' ids."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill_worker(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def kill_master(self) -> None:
        """Its workers notice and end by themselves."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def kill_all(self) -> None:
        """Like a power failure, except that the kernel keeps unwritten file data."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def end(self) -> None:
        """Stop it as a service manager does, if it runs."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill_all()

    def count_in_log(self, text: str) -> int:
        """Occurrences of a text in its log."""
        return self.log.read_text(encoding="utf-8", errors="replace").count(text)
