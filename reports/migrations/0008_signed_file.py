"""The signed file of a frozen review, kept as it was uploaded in a table that is only ever added to."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from reports import triggers


def forbid(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0007_meeting'),
    ]

    operations = [
        migrations.CreateModel(
            name='SignedFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('sha256', models.CharField(db_index=True, max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('kind', models.CharField(choices=[('intact', 'Bản đã chốt nguyên vẹn, có chữ ký số'), ('text', 'Tệp khác có chữ, so từng con số'), ('picture', 'Bản quét không có chữ, không so được')], max_length=8)),
                ('found', models.JSONField()),
                ('reason', models.TextField(blank=True)),
                ('uploaded_by', models.CharField(max_length=200)),
                ('uploaded_at', models.DateTimeField()),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signed_files', to='reports.review')),
            ],
            options={
                'verbose_name': 'bản đã ký của báo cáo',
                'ordering': ['review', '-pk'],
            },
        ),
        migrations.RunPython(forbid, migrations.RunPython.noop),
    ]
