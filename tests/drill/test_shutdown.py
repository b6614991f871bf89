"""A drill stopped by Ctrl+C or SIGTERM also stops its servers."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.server import ROOT

# A drill that starts a server and waits.
DRILL = """
import sys, time
from drill import __main__ as drill
from drill.world import World, world
World.create = World.begin
def rows(database, minutes):
    with world(database) as here:
        print(here.server.data / "postmaster.pid", flush=True)
        time.sleep(60)
    yield
drill.PARTS = {"waits": (rows, ("PostgreSQL",))}
sys.exit(drill.main())
"""


def runs(process: int) -> bool:
    """Whether the process runs; a zombie has an empty command line."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_drill_that_is_ended_ends_its_servers(tmp_path, number):
    command = [sys.executable, "-c", DRILL, "--output", str(tmp_path / "drill.json")]
    ended = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    pid_file = Path(ended.stdout.readline().strip())
    server = int(pid_file.read_text(encoding="utf-8").split()[0])
    try:
        assert runs(server)
        ended.send_signal(number)
        # A second signal must not interrupt the cleanup.
        ended.send_signal(number)
        assert ended.wait(30) == 128 + number
        assert not runs(server) and not pid_file.parent.parent.parent.exists()
    finally:
        ended.kill()
        ended.communicate()
        with suppress(ProcessLookupError):
            os.kill(server, signal.SIGQUIT)
