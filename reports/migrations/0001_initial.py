"""The tables of reviews; the database itself refuses to change or delete a frozen one, its form and signed files."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from reports import triggers


def forbid_changes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.install(schema_editor.connection)


def allow_changes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('units', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StoredPhrase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=64, unique=True, verbose_name='mã câu')),
                ('section', models.SlugField(max_length=64, verbose_name='mục')),
                ('slot', models.SlugField(max_length=64, verbose_name='chỗ')),
                ('order', models.PositiveIntegerField(verbose_name='thứ tự')),
                ('of', models.CharField(blank=True, max_length=140, verbose_name='nói về')),
                ('conditions', models.TextField(blank=True, verbose_name='điều kiện')),
                ('text', models.TextField(verbose_name='câu')),
                ('begins_paragraph', models.BooleanField(default=False, verbose_name='mở đoạn mới')),
                ('in_use', models.BooleanField(default=True, verbose_name='đang dùng')),
                ('changed_by', models.CharField(blank=True, max_length=200)),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'câu mẫu',
                'ordering': ['order', 'key'],
            },
        ),
        migrations.CreateModel(
            name='Outline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('year', models.PositiveSmallIntegerField(verbose_name='từ năm')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='units.unit')),
            ],
            options={
                'verbose_name': 'đề cương báo cáo',
            },
        ),
        migrations.CreateModel(
            name='OutlineSection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField()),
                ('level', models.PositiveSmallIntegerField(default=1)),
                ('key', models.CharField(blank=True, max_length=64)),
                ('heading', models.CharField(max_length=300, verbose_name='tiêu đề')),
                ('block', models.CharField(blank=True, max_length=32)),
                ('due_days', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='số ngày sau kỳ')),
                ('outline', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sections', to='reports.outline')),
                ('responsible', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='units.unit', verbose_name='đơn vị chủ trì')),
            ],
            options={
                'ordering': ['outline', 'order'],
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period', models.CharField(max_length=24, verbose_name='kỳ')),
                ('title', models.CharField(max_length=300, verbose_name='tên báo cáo')),
                ('state', models.CharField(choices=[('draft', 'Dự thảo'), ('comment', 'Lấy ý kiến'), ('frozen', 'Đã chốt số liệu, trình ký'), ('issued', 'Đã phát hành')], default='draft', max_length=16, verbose_name='trạng thái')),
                ('units_of', models.DateField(blank=True, null=True, verbose_name='theo đơn vị ngày')),
                ('decimals', models.PositiveSmallIntegerField(default=1, verbose_name='số chữ số thập phân')),
                ('header', models.JSONField(default=dict, help_text='place, superior, issuer, meeting day, chaired, attended')),
                ('signer', models.JSONField(default=dict, help_text='lines above the name, and the name')),
                ('recipients', models.JSONField(default=list)),
                ('created_by', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
                ('number', models.CharField(blank=True, max_length=50, verbose_name='số')),
                ('issued_on', models.DateField(blank=True, null=True, verbose_name='ngày ban hành')),
                ('frozen', models.JSONField(null=True)),
                ('frozen_sha256', models.CharField(blank=True, max_length=64)),
                ('frozen_at', models.DateTimeField(null=True)),
                ('frozen_by', models.CharField(blank=True, max_length=200)),
                ('frozen_reason', models.TextField(blank=True)),
                ('pdf_name', models.CharField(blank=True, max_length=100)),
                ('pdf_sha256', models.CharField(blank=True, db_index=True, max_length=64)),
                ('replaces', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='reports.review')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='units.unit')),
            ],
            options={
                'verbose_name': 'báo cáo sơ kết, tổng kết',
                'ordering': ['-period', 'unit', '-id'],
            },
        ),
        migrations.CreateModel(
            name='PlanTask',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField()),
                ('text', models.TextField(verbose_name='nhiệm vụ')),
                ('responsible', models.CharField(blank=True, max_length=300, verbose_name='đơn vị thực hiện')),
                ('deadline', models.DateField(blank=True, null=True, verbose_name='thời hạn')),
                ('outcome', models.CharField(choices=[('open', 'Đang thực hiện'), ('done', 'Hoàn thành'), ('not_done', 'Chưa hoàn thành')], default='open', max_length=16, verbose_name='kết quả')),
                ('outcome_note', models.TextField(blank=True, verbose_name='ghi chú kết quả')),
                ('outcome_on', models.DateField(blank=True, null=True, verbose_name='ngày có kết quả')),
                ('outcome_by', models.CharField(blank=True, max_length=200, verbose_name='người ghi')),
                ('outcome_at', models.DateTimeField(blank=True, null=True)),
                ('unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='units.unit')),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tasks', to='reports.review')),
            ],
            options={
                'verbose_name': 'nhiệm vụ',
                'ordering': ['review', 'order'],
            },
        ),
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(blank=True, null=True, verbose_name='ngày hội nghị')),
                ('place', models.CharField(blank=True, max_length=300, verbose_name='nơi họp')),
                ('chaired', models.CharField(blank=True, max_length=300, verbose_name='chủ trì')),
                ('attended', models.TextField(blank=True, verbose_name='thành phần dự')),
                ('directed', models.TextField(blank=True, verbose_name='ý kiến chỉ đạo')),
                ('conclusions', models.TextField(blank=True, verbose_name='kết luận')),
                ('revision', models.PositiveIntegerField(default=1)),
                ('saved_by', models.CharField(blank=True, max_length=200)),
                ('saved_at', models.DateTimeField()),
                ('review', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='meeting', to='reports.review')),
            ],
            options={
                'verbose_name': 'hội nghị',
            },
        ),
        migrations.CreateModel(
            name='FrozenForm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=16, unique=True, verbose_name='mã kiểm tra')),
                ('drawn', models.TextField()),
                ('sha256', models.CharField(max_length=64)),
                ('review', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='form', to='reports.review')),
            ],
            options={
                'verbose_name': 'mẫu in của báo cáo đã chốt',
            },
        ),
        migrations.CreateModel(
            name='Drawing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('waiting', 'Đang chờ đến lượt'), ('working', 'Đang làm'), ('done', 'Đã xong'), ('failed', 'Không làm được'), ('cancelled', 'Đã hủy')], default='waiting', max_length=16, verbose_name='trạng thái')),
                ('asked_at', models.DateTimeField(verbose_name='lúc yêu cầu')),
                ('done', models.PositiveIntegerField(default=0, verbose_name='đã làm')),
                ('total', models.PositiveIntegerField(default=0, verbose_name='ước tính')),
                ('told_at', models.DateTimeField(null=True)),
                ('words', models.TextField(blank=True, verbose_name='vì sao không xong')),
                ('freezes', models.BooleanField(default=False, verbose_name='chốt số liệu')),
                ('version', models.CharField(blank=True, max_length=64)),
                ('reason', models.TextField(blank=True, verbose_name='lý do')),
                ('qr', models.BooleanField(default=False, verbose_name='mã QR')),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drawings', to='reports.review')),
            ],
            options={
                'verbose_name': 'bản vẽ PDF',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='ReviewSection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField()),
                ('level', models.PositiveSmallIntegerField(default=1)),
                ('heading', models.CharField(max_length=300, verbose_name='tiêu đề')),
                ('body', models.TextField(blank=True, verbose_name='nội dung')),
                ('block', models.CharField(blank=True, max_length=32)),
                ('key', models.CharField(blank=True, max_length=64)),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='hạn gửi nội dung')),
                ('responsible', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='units.unit', verbose_name='đơn vị chủ trì')),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sections', to='reports.review')),
            ],
            options={
                'ordering': ['review', 'order'],
            },
        ),
        migrations.CreateModel(
            name='Asking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('heading', models.CharField(blank=True, max_length=300)),
                ('kind', models.CharField(choices=[('comment', 'Góp ý dự thảo'), ('text', 'Gửi nội dung')], max_length=16, verbose_name='loại')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='hạn gửi')),
                ('words', models.TextField(blank=True, verbose_name='yêu cầu')),
                ('asked_by', models.CharField(max_length=200)),
                ('asked_at', models.DateTimeField()),
                ('body', models.TextField(blank=True, verbose_name='nội dung')),
                ('revision', models.PositiveIntegerField(default=0)),
                ('saved_by', models.CharField(blank=True, max_length=200)),
                ('saved_at', models.DateTimeField(null=True)),
                ('sent_by', models.CharField(blank=True, max_length=200)),
                ('sent_at', models.DateTimeField(null=True)),
                ('returned', models.TextField(blank=True, verbose_name='lý do trả lại')),
                ('taken_by', models.CharField(blank=True, max_length=200)),
                ('taken_at', models.DateTimeField(null=True)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='askings', to='units.unit', verbose_name='đơn vị')),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='askings', to='reports.review')),
                ('section', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='askings', to='reports.reviewsection')),
            ],
            options={
                'verbose_name': 'yêu cầu gửi nội dung, góp ý',
                'ordering': ['review', 'kind', 'section__order', 'unit__path'],
            },
        ),
        migrations.CreateModel(
            name='SectionComment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('heading', models.CharField(blank=True, max_length=300)),
                ('text', models.TextField(verbose_name='ý kiến')),
                ('said_by', models.CharField(max_length=200)),
                ('at', models.DateTimeField()),
                ('resolution', models.CharField(blank=True, choices=[('taken', 'Đã tiếp thu'), ('explained', 'Đã giải trình')], max_length=16)),
                ('resolved_by', models.CharField(blank=True, max_length=200)),
                ('resolved_at', models.DateTimeField(null=True)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='replies', to='reports.sectioncomment')),
                ('review', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='reports.review')),
                ('section', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='comments', to='reports.reviewsection')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='units.unit')),
            ],
            options={
                'verbose_name': 'ý kiến góp ý',
                'ordering': ['review', 'at', 'pk'],
            },
        ),
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
        migrations.CreateModel(
            name='AskingReminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=16)),
                ('on', models.DateField(verbose_name='ngày')),
                ('mailed_at', models.DateTimeField(null=True)),
                ('asking', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='reports.asking')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'nhắc gửi nội dung, góp ý',
                'constraints': [models.UniqueConstraint(fields=('asking', 'kind', 'user'), name='asking_reminder_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='outline',
            constraint=models.UniqueConstraint(fields=('unit', 'year'), name='outline_unit_year'),
        ),
        migrations.AddConstraint(
            model_name='outlinesection',
            constraint=models.UniqueConstraint(fields=('outline', 'order'), name='outline_section_order'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('frozen_at', None), ('pdf_sha256', ''), ('state__in', ['draft', 'comment'])), models.Q(('frozen_at__isnull', False), ('state__in', ['frozen', 'issued']), models.Q(('pdf_sha256', ''), _negated=True)), _connector='OR'), name='review_frozen_whole', violation_error_message='Báo cáo đã chốt phải có bản đóng băng và tệp PDF.'),
        ),
        migrations.AddConstraint(
            model_name='drawing',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['waiting', 'working'])), fields=('review',), name='drawing_one_open', violation_error_message='Báo cáo này đang được vẽ PDF.'),
        ),
        migrations.AddConstraint(
            model_name='reviewsection',
            constraint=models.UniqueConstraint(fields=('review', 'order'), name='review_section_order'),
        ),
        migrations.AddConstraint(
            model_name='asking',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'comment')), fields=('review', 'unit'), name='asking_comment_once'),
        ),
        migrations.AddConstraint(
            model_name='asking',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'text')), fields=('section', 'unit'), name='asking_text_once'),
        ),
        migrations.AddConstraint(
            model_name='sectioncomment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('resolution', ''), ('resolved_at', None)), models.Q(models.Q(('resolution', ''), _negated=True), ('parent', None), ('resolved_at__isnull', False)), _connector='OR'), name='comment_resolved_whole'),
        ),
        migrations.RunPython(forbid_changes, allow_changes),
    ]
