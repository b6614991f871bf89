"""Temporary databases of the benchmark, on SQLite or on the PostgreSQL server of DATABASE_URL.

`use` makes one of them the default connection, so that one process measures two scales alternately.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# After the last generated month (country.LAST), so that its half-year is the one a dashboard opens on.
TODAY = "2026-01-20"


def configure(folder: Path) -> None:
    """Start Django with the product's settings; files go to `folder`."""
    os.environ.update(CCHC_DEBUG="0", CCHC_DEMO="1", CCHC_TODAY=TODAY, CCHC_DATA=str(folder))
    os.environ.setdefault("DATABASE_URL", "")

    import django
    from django.conf import settings

    from cchc_dashboard import settings as product

    overrides = {name: getattr(product, name) for name in dir(product) if name.isupper()}
    overrides["ROOT_URLCONF"] = "bench.urls"
    overrides["TEMPLATES"][0]["DIRS"].append(HERE / "templates")
    overrides["ALLOWED_HOSTS"] = ["testserver"]
    # No collectstatic for a benchmark; a connection stays open for the whole run.
    overrides["STORAGES"]["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    overrides["DATABASES"]["default"]["CONN_MAX_AGE"] = None
    overrides["PASSWORD_HASHERS"] = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.configure(**overrides)
    django.setup()


def vendor() -> str:
    """The database's name in the results."""
    from django.db import connection

    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]


def create(name: str) -> Any:
    """Create and migrate a database; return its connection, to pass to `use`."""
    from django.core.management import call_command
    from django.db import connections

    default = connections["default"]
    options = connections.settings["default"]
    if default.vendor == "sqlite":
        database = str(Path(options["NAME"]).with_name(f"{name}.sqlite3"))
    else:
        database = f"bench_{name}"
        with default.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {default.ops.quote_name(database)}")
    connection = default.copy()
    connection.settings_dict = options | {"NAME": database}
    with use(connection):
        call_command("migrate", verbosity=0)
    return connection


@contextmanager
def use(connection: Any) -> Iterator[None]:
    """Make this database the default; threads started within open their own connections to it."""
    from django.db import connections

    previous, settings = connections["default"], connections.settings["default"]
    connections["default"], connections.settings["default"] = connection, connection.settings_dict
    try:
        yield
    finally:
        connections["default"], connections.settings["default"] = previous, settings
