"""/healthz: the process answers. /readyz: database, migrations and disk are all right (acceptance R4, R11, R13)."""

import shutil
import tempfile

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse
from django.urls import path

from core.web import Right, requires

# Apps whose unknown migrations are faults; packages drop their own when they squash them.
APPS = ("ledger", "accounts", "units", "records", "reports")


@requires(Right.PUBLIC)
def healthz(request):
    return HttpResponse("ok\n", content_type="text/plain")


def _faults():
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()) or _ahead(executor.loader):
            yield "migrations"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE django_content_type SET model = model WHERE id = -1")
    except Error:
        yield "database"
    if shutil.disk_usage(settings.DATA_DIR).free < settings.DISK_FREE_MIN_BYTES or not _takes_writes():
        yield "disk"


def _takes_writes():
    """Whether the disk can be written: SQLite on a failed disk still executes an update of no rows."""
    try:
        with tempfile.TemporaryFile(dir=settings.DATA_DIR) as probe:
            probe.write(b".")
            probe.flush()
    except OSError:
        return False
    return True


def _ahead(loader):
    """Whether the database was migrated by newer code: a downgrade without restoring the backup."""
    on_disk = loader.disk_migrations
    return any(name not in on_disk for name in loader.applied_migrations if name[0] in APPS)


@requires(Right.PUBLIC)
def readyz(request):
    faults = list(_faults())
    return HttpResponse(
        (", ".join(faults) or "ok") + "\n", status=503 if faults else 200, content_type="text/plain"
    )


urlpatterns = [path("healthz", healthz, name="healthz"), path("readyz", readyz, name="readyz")]
