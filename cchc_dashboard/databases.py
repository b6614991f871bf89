"""Django's DATABASES: the first server, and a replica to read figures from where there is one."""

from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

SQLITE = {
    # Django's own with a queue for writers.
    "ENGINE": "cchc_dashboard.sqlite3",
    # Tests that run side by side tell a database in memory by its name where they do not know the engine.
    "TEST": {"NAME": ":memory:"},
    # BEGIN IMMEDIATE: without it 73% of concurrent writes failed in the trial; FULL survives a power cut. 8 MB of pages
    # for each connection that reads so much: two years of a country's sums go past SQLite's own 2.
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000; "
        "PRAGMA cache_size=-8000;",
    },
}

# What PostgreSQL's planner has to know of our questions, for each connection:
POSTGRESQL = " ".join(
    f"-c {rule}"
    for rule in (
        # Compiling a question at run time pays for minutes of scanning; of a list of a country's silent it took two
        # thirds.
        "jit=off",
        # So does a second process for a part of it: 6 of the 12 ms in which 300 communes are added up by their
        # successors were spent until it had come and gone.
        "max_parallel_workers_per_gather=0",
    )
)


def configured(url: str, replica: str) -> dict[str, dict[str, Any]]:
    """ "default", and "replica" (cchc_dashboard.replica), which is never written to. Errors: ImproperlyConfigured."""
    first = dj_database_url.parse(url, conn_max_age=60)
    if first["ENGINE"].endswith("sqlite3"):
        first |= SQLITE
    else:
        first["CONN_HEALTH_CHECKS"] = True
        first.setdefault("OPTIONS", {}).setdefault("options", POSTGRESQL)
    if not replica:
        return {"default": first}
    second = dj_database_url.parse(replica, conn_max_age=60)
    if {first["ENGINE"], second["ENGINE"]} != {"django.db.backends.postgresql"}:
        raise ImproperlyConfigured("CCHC_REPLICA_URL chỉ dùng được khi cả hai cơ sở dữ liệu là PostgreSQL.")
    # Two seconds: a replica that does not answer must not keep a reader waiting.
    second["OPTIONS"] = {"connect_timeout": 2, "options": f"-c default_transaction_read_only=on {POSTGRESQL}"}
    return {"default": first, "replica": second}
