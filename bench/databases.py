"""Throw-away databases of the benchmark, on SQLite or on the PostgreSQL that DATABASE_URL names.

Several databases are at hand in one process: `use` puts one of them where the product looks for its own, so that two
scales are measured by turns.
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
    """Start Django with the product's own settings; what it writes goes into `folder`."""
    os.environ.update(CCHC_DEBUG="0", CCHC_DEMO="1", CCHC_TODAY=TODAY, CCHC_DATA=str(folder))
    os.environ.setdefault("DATABASE_URL", "")

    import django
    from django.conf import settings

    from cchc_dashboard import settings as product

    own = {name: getattr(product, name) for name in dir(product) if name.isupper()}
    own["ROOT_URLCONF"] = "bench.urls"
    own["TEMPLATES"][0]["DIRS"].append(HERE / "templates")
    own["ALLOWED_HOSTS"] = ["testserver"]
    # Nothing is collected for a benchmark; a connection lasts as long as the run.
    own["STORAGES"]["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    own["DATABASES"]["default"]["CONN_MAX_AGE"] = None
    own["PASSWORD_HASHERS"] = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.configure(**own)
    django.setup()


def vendor() -> str:
    """What the results call the database."""
    from django.db import connection

    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]


def create(name: str) -> Any:
    """A migrated, empty database; returns its connection, to be given to `use`."""
    from django.core.management import call_command
    from django.db import connections

    default = connections["default"]
    options = connections.settings["default"]
    if default.vendor == "sqlite":
        place = str(Path(options["NAME"]).with_name(f"{name}.sqlite3"))
    else:
        place = f"bench_{name}"
        with default.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {default.ops.quote_name(place)}")
    connection = default.copy()
    connection.settings_dict = options | {"NAME": place}
    with use(connection):
        call_command("migrate", verbosity=0)
    return connection


@contextmanager
def use(connection: Any) -> Iterator[None]:
    """Within it the product works in this database; a thread that it starts opens a connection of its own there."""
    from django.db import connections

    before, settings = connections["default"], connections.settings["default"]
    connections["default"], connections.settings["default"] = connection, connection.settings_dict
    try:
        yield
    finally:
        connections["default"], connections.settings["default"] = before, settings
