from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("reports", "0011_wording"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="drawing", name="drawing_one_open"),
        migrations.RunSQL(
            "UPDATE reports_drawing SET state = 'working' WHERE state = 'drawing'",
            "UPDATE reports_drawing SET state = 'drawing' WHERE state = 'working'",
        ),
        migrations.RenameField(model_name="drawing", old_name="pages", new_name="done"),
        migrations.RenameField(model_name="drawing", old_name="expected", new_name="total"),
        migrations.AlterField(
            model_name="drawing",
            name="done",
            field=models.PositiveIntegerField(default=0, verbose_name="đã làm"),
        ),
        migrations.AlterField(
            model_name="drawing",
            name="total",
            field=models.PositiveIntegerField(default=0, verbose_name="ước tính"),
        ),
        migrations.AlterField(
            model_name="drawing",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "Đang chờ đến lượt"),
                    ("working", "Đang làm"),
                    ("done", "Đã xong"),
                    ("failed", "Không làm được"),
                    ("cancelled", "Đã hủy"),
                ],
                default="waiting",
                max_length=16,
                verbose_name="trạng thái",
            ),
        ),
        migrations.AlterField(
            model_name="drawing",
            name="words",
            field=models.TextField(blank=True, verbose_name="vì sao không xong"),
        ),
        migrations.AddConstraint(
            model_name="drawing",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "working"])),
                fields=("review",),
                name="drawing_one_open",
                violation_error_message="Báo cáo này đang được vẽ PDF.",
            ),
        ),
    ]
