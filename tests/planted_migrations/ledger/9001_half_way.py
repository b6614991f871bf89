"""Adds a column, makes a table, rewrites and adds rows; then, where asked to, ends before it is done."""

import os
import signal
from pathlib import Path

from django.db import migrations, models

import ledger.migrations
from tests.planted_migrations import VARIABLE

OWN = Path(ledger.migrations.__file__).parent


def rewrite(apps, schema_editor):
    apps.get_model("ledger", "Planted").objects.create(words="nửa chừng")
    apps.get_model("ledger", "IdempotencyKey").objects.update(scope="khác")


def end(apps, schema_editor):
    if os.environ.get(VARIABLE) == "error":
        raise RuntimeError("half-way")
    if os.environ.get(VARIABLE) == "kill":
        os.kill(os.getpid(), signal.SIGKILL)


class Migration(migrations.Migration):
    dependencies = [("ledger", max(path.stem for path in OWN.glob("[0-9]*.py")))]
    operations = [
        migrations.CreateModel(
            name="Planted",
            fields=[("id", models.BigAutoField(primary_key=True)), ("words", models.TextField())],
        ),
        migrations.AddField("message", "planted", models.IntegerField(default=0)),
        migrations.RunPython(rewrite, migrations.RunPython.noop),
        migrations.RunPython(end, migrations.RunPython.noop),
        migrations.RemoveField("idempotencykey", "answer"),
    ]
