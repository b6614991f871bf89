"""By whose units a review is told: kept with it, and frozen with it."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from reports import triggers


def forbid(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection)
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0012_drawings_as_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='review',
            name='units_of',
            field=models.DateField(blank=True, null=True, verbose_name='theo đơn vị ngày'),
        ),
        migrations.RunPython(forbid, migrations.RunPython.noop),
    ]
