"""The demo on its own database, with months open for clerks: what the drills break and check."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from tests.support.database_replica import Server
from tests.support.server import NOT_PASSED_ON, ROOT

# Like a production server, with fsync.
POSTGRES = "-c listen_addresses='' -c max_connections=60"
# Seconds for a command of manage.py; a whole country takes minutes on a busy machine.
PATIENCE = 3600
# Unlocks a month of each commune for correction; prints the arguments of Month.
PREPARE = """
import json
from accounts.models import User
from core import clock
from records.calendar.queries import stored_calendar
from records.catalogue import Catalogue
from records.locking import actions
from records.models import State, Submission
from records.submissions.lines import grid_lines
months = []
by = User.objects.get(username="tonghop")
approved = Submission.objects.filter(month=202207, editions__state=State.APPROVED, unit__tier="commune")
for submission in approved.order_by("pk"):
    clerk = User.objects.filter(username=f"xa-{submission.unit.code}").first()
    if clerk is None:
        continue
    unlock_request = actions.request_unlock(submission, reason="drill", by=clerk, at=clock.now())
    actions.decide_unlock_request(unlock_request, grant=True, by=by, at=clock.now())
    edition = submission.editions.latest("number")
    lines = {line.code: line for line in grid_lines(edition, Catalogue(stored_calendar()))}
    served = {code: sorted(line.served) for code, line in lines.items()}
    openings = {code: line.values["opening"] or 0 for code, line in lines.items()}
    months.append([clerk.username, submission.pk, edition.revision, served, openings])
print(json.dumps(months))
"""


@dataclass(frozen=True)
class Month:
    """An open month and its clerk: the measures and openings by field, and the last number used."""

    username: str
    submission: int
    revision: int
    served: dict[str, list[str]]
    openings: dict[str, int]
    first: int = 100


class World:
    """A database and its data folder in `folder`, isolated from this machine's CCHC settings."""

    def __init__(self, database: str, folder: Path, *, options: str = POSTGRES, **settings: str) -> None:
        self.database, self.folder, self.data = database, folder, folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.server = Server(folder / "postgres", options) if database == "PostgreSQL" else None
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)
        }
        self.env = environment | {
            "CCHC_DEBUG": "0",
            "CCHC_DEMO": "1",
            "CCHC_DATA": str(self.data),
            "DATABASE_URL": self.server.address if self.server else "",
            **settings,
        }
        self.months: list[Month] = []
        # The checkout whose manage.py is called.
        self.root = ROOT

    @property
    def file(self) -> Path:
        """The SQLite database."""
        return self.data / "cchc.sqlite3"

    def begin(self, *cluster: object) -> None:
        """Start an empty database; `cluster`: options of `initdb`."""
        if self.server:
            self.server.create(*cluster)
            self.server.start()

    def create(self, *cluster: object) -> None:
        """Fill the database with the demo and open its months; `cluster`: options of `initdb`."""
        self.begin(*cluster)
        for command in (("collectstatic", "--no-input", "-v", "0"), ("migrate", "-v", "0"), ("seed_demo",)):
            # Also if the product later runs without the demo's fixed date.
            self.must(*command, CCHC_DEMO="1")
        self.prepare()

    def prepare(self) -> None:
        """Open the demo's months."""
        self.months = [Month(*load) for load in json.loads(self.must("shell", "-v", "0", "-c", PREPARE))]

    def must(self, *command: str, **settings: str) -> str:
        """Output of a manage.py command. Errors: RuntimeError with its stderr if it fails."""
        process = self.manage(*command, **settings)
        if process.returncode:
            raise RuntimeError(f"manage.py {command[0]}: {process.stderr[-2000:]}")
        return process.stdout

    def manage(self, *command: str, **settings: str) -> subprocess.CompletedProcess:
        """Run a manage.py command on this database."""
        run = [sys.executable, "manage.py", *command]
        return subprocess.run(
            run, cwd=self.root, env=self.env | settings, capture_output=True, text=True, timeout=PATIENCE
        )

    @contextmanager
    def reading(self) -> Iterator["Snapshot"]:
        """A consistent snapshot of the database, over a new connection without the product."""
        if self.server:
            base = psycopg2.connect(host=str(self.server.folder), user="postgres", dbname="postgres")
            base.set_session(isolation_level="REPEATABLE READ", readonly=True)
        else:
            base = sqlite3.connect(self.file, timeout=30, isolation_level=None)
            base.execute("BEGIN")
        with closing(base):
            yield Snapshot(base, "%s" if self.server else "?")


class Snapshot:
    """Runs SQL queries with ? as placeholder."""

    def __init__(self, base, mark: str) -> None:
        self._base, self._mark = base, mark

    def rows(self, query: str, *values) -> list[tuple]:
        cursor = self._base.cursor()
        cursor.execute(query.replace("?", self._mark), values)
        return cursor.fetchall()


@contextmanager
def world(database: str, folder: Path | None = None, *cluster: object, **settings: str) -> Iterator[World]:
    """A temporary world with open months, in `folder` if given."""
    with nullcontext(folder) if folder else temporary() as place:
        here = World(database, place, **settings)
        try:
            here.create(*cluster)
            yield here
        finally:
            if here.server:
                here.server.stop()


@contextmanager
def temporary() -> Iterator[Path]:
    """A temporary folder that the postgres user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="cchc-drill-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
