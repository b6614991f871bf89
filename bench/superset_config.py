"""Settings of the Superset that the benchmark measures: read by Superset (SUPERSET_CONFIG_PATH), not by the product."""

import os

HOME = os.environ["SUPERSET_HOME"]
SECRET_KEY = "of a server on loopback that is thrown away, with data that are made up"
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME}/superset.db"
# By default Superset caches no data; files are shared by both workers.
DATA_CACHE_CONFIG = {
    "CACHE_TYPE": "FileSystemCache",
    "CACHE_DIR": f"{HOME}/answers",
    "CACHE_DEFAULT_TIMEOUT": 3600,
}
# The benchmark's client sends no CSRF token.
WTF_CSRF_ENABLED = False
