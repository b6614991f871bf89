"""The drills by name. A part takes the name of a database and minutes of load, and yields rows."""

from collections.abc import Callable, Iterator

from . import (
    backups,
    data,
    kill,
    load,
    long_pdfs,
    planted_faults,
    point_in_time,
    read_only,
    restart,
    shutdown,
    slow_disk,
    steady_load,
    two_servers,
    upgrade,
    wrong_clock,
)
from .rows import Row

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
DATABASES = (SQLITE, POSTGRESQL)
BOTH, ONE = DATABASES, (POSTGRESQL,)

# Name → function, databases.
PARTS: dict[str, tuple[Callable[[str, float], Iterator[Row]], tuple[str, ...]]] = {
    "kill": (kill.rows, BOTH),
    "full": (data.rows, BOTH),
    "read-only": (read_only.rows, BOTH),
    "restart": (restart.rows, ONE),
    "two": (two_servers.rows, BOTH),
    "slow": (slow_disk.rows, BOTH),
    "clock": (wrong_clock.rows, BOTH),
    "sigterm": (shutdown.rows, BOTH),
    "print": (long_pdfs.rows, BOTH),
    "load": (load.rows, BOTH),
    "steady": (steady_load.rows, BOTH),
    "planted": (planted_faults.rows, (SQLITE,)),
    "backup": (backups.rows, BOTH),
    "country": (backups.country, BOTH),
    "in-time": (point_in_time.rows, ONE),
    "upgrade": (upgrade.rows, BOTH),
}
