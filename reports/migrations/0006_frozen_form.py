"""The form that drew a frozen review, kept with its code in a table that is only ever added to."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from reports import triggers


def forbid(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("reports", "0005_section_key")]
    operations = [
        migrations.CreateModel(
            name="FrozenForm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=16, unique=True, verbose_name="mã kiểm tra")),
                ("drawn", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "review",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="form", to="reports.review"
                    ),
                ),
            ],
            options={"verbose_name": "mẫu in của báo cáo đã chốt"},
        ),
        migrations.RunPython(forbid, migrations.RunPython.noop),
    ]
