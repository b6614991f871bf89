"""The drills by name, a line each. A part takes the name of a database and minutes of load, and gives its rows."""

from collections.abc import Callable, Iterator

from . import (
    backups,
    ending,
    filling,
    in_time,
    killing,
    load,
    planted,
    printing,
    reading_only,
    restarting,
    slow_disk,
    steady,
    two_servers,
    upgrade,
    wrong_clock,
)
from .rows import Row

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
DATABASES = (SQLITE, POSTGRESQL)
BOTH, ONE = DATABASES, (POSTGRESQL,)

# Name → what does it, on which databases.
PARTS: dict[str, tuple[Callable[[str, float], Iterator[Row]], tuple[str, ...]]] = {
    "kill": (killing.rows, BOTH),
    "full": (filling.rows, BOTH),
    "read-only": (reading_only.rows, BOTH),
    "restart": (restarting.rows, ONE),
    "two": (two_servers.rows, BOTH),
    "slow": (slow_disk.rows, BOTH),
    "clock": (wrong_clock.rows, BOTH),
    "sigterm": (ending.rows, BOTH),
    "print": (printing.rows, BOTH),
    "load": (load.rows, BOTH),
    "steady": (steady.rows, BOTH),
    "planted": (planted.rows, (SQLITE,)),
    "backup": (backups.rows, BOTH),
    "country": (backups.country, BOTH),
    "in-time": (in_time.rows, ONE),
    "upgrade": (upgrade.rows, BOTH),
}
