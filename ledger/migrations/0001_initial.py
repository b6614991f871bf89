"""The tables of the log, request keys, jobs and outbox; the database itself refuses to change or delete a log entry."""

import django.core.serializers.json
import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from ledger import log


def forbid_changes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    log.install_triggers(schema_editor.connection)


def allow_changes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    log.remove_triggers(schema_editor.connection)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Purge',
            fields=[
                ('last', models.PositiveBigIntegerField(primary_key=True, serialize=False, verbose_name='đến mục số')),
                ('first', models.PositiveBigIntegerField(verbose_name='từ mục số')),
                ('hashes', models.BinaryField()),
                ('left', models.PositiveIntegerField(verbose_name='số mục giữ lại')),
                ('at', models.DateTimeField(verbose_name='thời điểm')),
            ],
            options={
                'verbose_name': 'phần nhật ký đã thanh lý',
                'verbose_name_plural': 'phần nhật ký đã thanh lý',
                'ordering': ['last'],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('sequence', models.PositiveBigIntegerField(primary_key=True, serialize=False, verbose_name='số thứ tự')),
                ('at', models.DateTimeField(verbose_name='thời điểm')),
                ('actor', models.TextField(verbose_name='người thực hiện')),
                ('actor_id', models.BigIntegerField(null=True, verbose_name='mã người thực hiện')),
                ('action', models.CharField(max_length=100, verbose_name='hành động')),
                ('subject', models.TextField(verbose_name='đối tượng')),
                ('detail', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='chi tiết')),
                ('previous_hash', models.CharField(max_length=64, verbose_name='mã băm của mục trước')),
                ('hash', models.CharField(max_length=64, unique=True, verbose_name='mã băm')),
            ],
            options={
                'verbose_name': 'mục nhật ký',
                'verbose_name_plural': 'nhật ký',
                'ordering': ['sequence'],
                'indexes': [models.Index(fields=['subject', 'sequence'], name='ledger_entry_subject')],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(max_length=200, verbose_name='phạm vi')),
                ('key', models.CharField(max_length=200, verbose_name='khóa')),
                ('request_hash', models.CharField(max_length=64, verbose_name='mã băm của yêu cầu')),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='mã trả lời')),
                ('answer', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True, verbose_name='nội dung trả lời')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='thời điểm')),
            ],
            options={
                'verbose_name': 'khóa yêu cầu',
                'verbose_name_plural': 'khóa yêu cầu',
                'constraints': [models.UniqueConstraint(fields=('scope', 'key'), name='ledger_key_once', violation_error_message='Khóa yêu cầu này đã được dùng.')],
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.UUIDField(verbose_name='sự kiện')),
                ('kind', models.CharField(max_length=100, verbose_name='loại')),
                ('destination', models.PositiveBigIntegerField(verbose_name='nơi nhận')),
                ('subject', models.CharField(max_length=200, verbose_name='về')),
                ('body', models.TextField(verbose_name='nội dung')),
                ('created_at', models.DateTimeField(verbose_name='lúc')),
                ('state', models.CharField(choices=[('waiting', 'Chờ gửi'), ('delivered', 'Đã gửi'), ('failed', 'Không gửi được')], default='waiting', max_length=16, verbose_name='tình trạng')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='số lần gửi')),
                ('next_at', models.DateTimeField(verbose_name='gửi từ lúc')),
                ('delivered_at', models.DateTimeField(null=True, verbose_name='đã nhận lúc')),
            ],
            options={
                'verbose_name': 'tin gửi đi',
                'verbose_name_plural': 'tin gửi đi',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['state', 'destination', 'id'], name='ledger_message_waiting')],
                'constraints': [models.UniqueConstraint(fields=('event', 'destination'), name='ledger_message_once', violation_error_message='Nơi nhận đã có tin này.')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='lúc')),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='trả lời')),
                ('error', models.CharField(blank=True, max_length=200, verbose_name='lỗi')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='ledger.message')),
            ],
            options={
                'verbose_name': 'lần gửi',
                'ordering': ['pk'],
            },
        ),
        migrations.RunPython(forbid_changes, allow_changes),
    ]
