"""The product served by gunicorn with the settings of production, to be killed in whole or in part."""

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
    """One gunicorn on a world's database; `settings` as the environment names them."""

    def __init__(self, here: World, **settings: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.env = here.env | {"PORT": str(self.port)} | settings
        # Kept, to be read where something did not hold.
        self.log = ROOT / "build" / "drill" / f"gunicorn-{self.port}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Service":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.end()

    def start(self) -> None:
        """Returns once the sign-in page answers. Workers of a master that was killed leave the port within a second,
        and gunicorn tries for five.
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
        """The processes that answer."""
        pid = self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill_worker(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def kill_master(self) -> None:
        """The workers notice by themselves that they are alone, and end."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def kill_all(self) -> None:
        """As a power failure does, but for what the kernel holds of files."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def end(self) -> None:
        """As a service manager ends it; what has ended stays so."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill_all()

    def told(self, text: str) -> int:
        """How often its log holds a text."""
        return self.log.read_text(encoding="utf-8", errors="replace").count(text)
