
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Unit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(db_index=True, max_length=64, verbose_name='mã')),
                ('name', models.CharField(max_length=200, verbose_name='tên')),
                ('folded', models.CharField(db_index=True, editable=False, max_length=300)),
                ('kind', models.CharField(choices=[('committee', 'Ủy ban nhân dân'), ('office', 'Phòng, ban'), ('external', 'Cơ quan ngoài ủy ban')], max_length=16, verbose_name='loại')),
                ('tier', models.CharField(choices=[('country', 'Cả nước'), ('province', 'Cấp tỉnh'), ('district', 'Cấp huyện'), ('commune', 'Cấp xã')], max_length=16, verbose_name='cấp')),
                ('path', models.CharField(db_index=True, editable=False, max_length=200)),
                ('depth', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('active_from', models.DateField(verbose_name='hoạt động từ ngày')),
                ('active_until', models.DateField(blank=True, null=True, verbose_name='đến hết ngày')),
                ('reports_declared', models.BooleanField(blank=True, null=True, verbose_name='tự báo cáo')),
                ('reports', models.BooleanField(default=True, editable=False)),
                ('reports_until', models.DateField(editable=False, null=True)),
                ('has_children', models.BooleanField(default=False, editable=False)),
                ('legal_basis', models.CharField(blank=True, max_length=300, verbose_name='căn cứ')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='units.unit')),
            ],
            options={
                'verbose_name': 'đơn vị',
                'ordering': ['path'],
            },
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='tên hệ thống')),
                ('scopes', models.CharField(max_length=100, verbose_name='được làm')),
                ('secret_sha256', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(verbose_name='cấp lúc')),
                ('expires_at', models.DateTimeField(verbose_name='hết hạn')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='thu hồi lúc')),
                ('last_used_at', models.DateTimeField(null=True, verbose_name='dùng lần cuối')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tokens', to='units.unit')),
            ],
            options={
                'verbose_name': 'khóa truy cập',
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Succession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('on', models.DateField(verbose_name='từ ngày')),
                ('share_numerator', models.PositiveIntegerField(default=1)),
                ('share_denominator', models.PositiveIntegerField(default=1)),
                ('legal_basis', models.CharField(blank=True, max_length=300, verbose_name='căn cứ')),
                ('new', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='predecessors', to='units.unit')),
                ('old', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='successors', to='units.unit')),
            ],
            options={
                'verbose_name': 'kế thừa',
                'ordering': ['on', 'id'],
            },
        ),
        migrations.CreateModel(
            name='RosterStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tier', models.CharField(choices=[('country', 'Cả nước'), ('province', 'Cấp tỉnh'), ('district', 'Cấp huyện'), ('commune', 'Cấp xã')], max_length=16)),
                ('external', models.BooleanField()),
                ('on', models.DateField(help_text='first day of those that open, last day of those that close')),
                ('opened', models.PositiveIntegerField(default=0)),
                ('closed', models.PositiveIntegerField(default=0)),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='roster_steps', to='units.unit')),
            ],
        ),
        migrations.CreateModel(
            name='Receiver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='tên hệ thống')),
                ('url', models.CharField(max_length=300, verbose_name='địa chỉ')),
                ('nonce', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(verbose_name='ghi lúc')),
                ('stopped_at', models.DateTimeField(null=True, verbose_name='ngừng lúc')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receivers', to='units.unit')),
            ],
            options={
                'verbose_name': 'nơi nhận số liệu',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Place',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(db_index=True, max_length=220)),
                ('within', models.CharField(blank=True, db_index=True, max_length=220)),
                ('since', models.DateField()),
                ('until', models.DateField()),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='units.unit')),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('viewer', 'Xem'), ('clerk', 'Nhập số liệu'), ('reviewer', 'Duyệt số liệu'), ('editor', 'Tổng hợp báo cáo'), ('leader', 'Lãnh đạo'), ('administrator', 'Quản trị')], max_length=16, verbose_name='vai trò')),
                ('valid_from', models.DateField(verbose_name='từ ngày')),
                ('valid_until', models.DateField(blank=True, null=True, verbose_name='đến hết ngày')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='units.unit')),
            ],
            options={
                'verbose_name': 'phân quyền',
            },
        ),
        migrations.CreateModel(
            name='Inherited',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('whole', models.BooleanField()),
                ('sums', models.BooleanField()),
                ('tier', models.CharField(choices=[('country', 'Cả nước'), ('province', 'Cấp tỉnh'), ('district', 'Cấp huyện'), ('commune', 'Cấp xã')], max_length=16)),
                ('into', models.CharField(choices=[('country', 'Cả nước'), ('province', 'Cấp tỉnh'), ('district', 'Cấp huyện'), ('commune', 'Cấp xã')], max_length=16)),
                ('external', models.BooleanField()),
                ('since', models.DateField()),
                ('until', models.DateField()),
                ('share', models.TextField(default='1')),
                ('heir', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='inherits', to='units.unit')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='inherited_by', to='units.unit')),
            ],
        ),
        migrations.CreateModel(
            name='AccountOrigin',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='origin', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='units.unit')),
            ],
            options={
                'verbose_name': 'nơi lập tài khoản',
            },
        ),
        migrations.AddIndex(
            model_name='unit',
            index=models.Index(fields=['parent', 'active_from'], name='unit_children'),
        ),
        migrations.AddConstraint(
            model_name='unit',
            constraint=models.CheckConstraint(condition=models.Q(('active_until', None), ('active_until__gte', models.F('active_from')), _connector='OR'), name='unit_dates_in_order', violation_error_message='Ngày kết thúc hoạt động phải từ ngày bắt đầu trở đi.'),
        ),
        migrations.AddConstraint(
            model_name='unit',
            constraint=models.UniqueConstraint(fields=('code', 'active_from'), name='unit_code_and_start', violation_error_message='Mã này đã có đơn vị bắt đầu cùng ngày.'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='token_expires_later', violation_error_message='Khóa truy cập phải hết hạn sau khi được cấp.'),
        ),
        migrations.AddConstraint(
            model_name='succession',
            constraint=models.UniqueConstraint(fields=('old', 'new', 'on'), name='succession_once'),
        ),
        migrations.AddConstraint(
            model_name='succession',
            constraint=models.CheckConstraint(condition=models.Q(('share_numerator__gte', 1), ('share_numerator__lte', models.F('share_denominator'))), name='succession_share_up_to_one', violation_error_message='Tỷ lệ kế thừa phải lớn hơn 0 và không quá 1.'),
        ),
        migrations.AddConstraint(
            model_name='rosterstep',
            constraint=models.UniqueConstraint(fields=('group', 'tier', 'external', 'on'), name='roster_step_once'),
        ),
        migrations.AddConstraint(
            model_name='place',
            constraint=models.UniqueConstraint(fields=('unit', 'since'), name='place_once'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(condition=models.Q(('valid_until', None)), fields=('user', 'unit', 'role'), name='membership_once', violation_error_message='Người này đã có vai trò đó ở đơn vị.'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('valid_until', None), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='membership_dates_in_order', violation_error_message='Ngày hết quyền phải từ ngày bắt đầu trở đi.'),
        ),
        migrations.AddConstraint(
            model_name='inherited',
            constraint=models.UniqueConstraint(fields=('heir', 'whole', 'source', 'sums', 'tier', 'into', 'external', 'since'), name='inherited_once'),
        ),
    ]
