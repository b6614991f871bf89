"""Removes dead rows of earlier tests, for tests of PostgreSQL query plans."""

import pytest
from django.apps import apps
from django.db import connection

_APPS = ("records", "units")


@pytest.fixture
def vacuumed_tables(db) -> None:
    """Rewrite all tables. Dead rows of rolled-back tests stay in the pages until VACUUM and change the plans, whose
    costs are nearly equal at the size of a test.
    """
    if connection.vendor != "postgresql":
        return
    models = [
        model for name in _APPS for model in apps.get_app_config(name).get_models(include_auto_created=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, indexrelid::regclass FROM pg_class JOIN pg_index ON indrelid = pg_class.oid "
            "WHERE indisprimary AND relname = ANY(%s) AND pg_relation_size(pg_class.oid) > 0",
            [[model._meta.db_table for model in models]],
        )
        for table, key in cursor.fetchall():
            cursor.execute(f"CLUSTER {table} USING {key}")
