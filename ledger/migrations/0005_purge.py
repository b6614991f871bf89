"""What is left of entries that were purged; guarded as the log itself."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from ledger import triggers


def forbid(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_outbox")]
    operations = [
        migrations.CreateModel(
            name="Purge",
            fields=[
                ("last", models.PositiveBigIntegerField(primary_key=True, serialize=False, verbose_name="đến mục số")),
                ("first", models.PositiveBigIntegerField(verbose_name="từ mục số")),
                ("hashes", models.BinaryField()),
                ("left", models.PositiveIntegerField(verbose_name="số mục giữ lại")),
                ("at", models.DateTimeField(verbose_name="thời điểm")),
            ],
            options={
                "verbose_name": "phần nhật ký đã thanh lý",
                "verbose_name_plural": "phần nhật ký đã thanh lý",
                "ordering": ["last"],
            },
        ),
        migrations.RunPython(forbid, migrations.RunPython.noop),
    ]
