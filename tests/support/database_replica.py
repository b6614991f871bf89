"""Two PostgreSQL servers, the second a streaming replica of the first, for tests of read routing."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path

import psycopg2

OPTIONS = (
    "-c listen_addresses='' -c fsync=off -c wal_level=replica -c max_wal_senders=4 -c wal_keep_size=256MB"
)


def _programs() -> Path:
    """The folder of Debian's newest PostgreSQL."""
    return Path(max(glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4])))


class Server:
    """A server in its own folder, reached through a socket there. `options`: command-line options of `postgres`."""

    def __init__(self, folder: Path, options: str = OPTIONS) -> None:
        self.folder, self.options = folder, options
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def address(self) -> str:
        """In the format of DATABASE_URL."""
        return f"postgres://postgres@{str(self.folder).replace('/', '%2F')}:5432/postgres"

    def run(self, program: str, *arguments: object) -> None:
        """Run a PostgreSQL program; as the user postgres if this process is root, which they refuse."""
        owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*owner, str(_programs() / program), *map(str, arguments)]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def create(self, *more: object) -> None:
        """Create an empty cluster, without fsync. `more`: options of `initdb`."""
        local = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self.run("initdb", "-D", self.data, *local, *more)

    def start(self) -> None:
        options = f"{self.options} -k {self.folder}"
        self.run("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-s", "start", "-o", options)

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-s", "-w", "stop")

    def ask(self, query: str) -> str:
        """The first value of the query's result."""
        connection = psycopg2.connect(host=str(self.folder), user="postgres", dbname="postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query)
                return str(cursor.fetchone()[0])
        finally:
            connection.close()


@contextmanager
def primary_and_replica() -> Iterator[tuple[Server, Server]]:
    """Both servers, running; the primary is empty, and the replica follows it."""
    folder = Path(tempfile.mkdtemp(prefix="cchc-two-", dir="/tmp"))
    folder.chmod(0o711)
    primary, replica = Server(folder / "primary"), Server(folder / "replica")
    try:
        primary.create()
        primary.start()
        replica.run(
            "pg_basebackup", "-h", primary.folder, "-U", "postgres", "-D", replica.data, "-R", "-X", "stream"
        )
        replica.start()
        yield primary, replica
    finally:
        replica.stop()
        primary.stop()
        shutil.rmtree(folder)
