import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("units", "0004_inherited")]
    operations = [
        migrations.CreateModel(
            name="Token",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="tên hệ thống")),
                ("scopes", models.CharField(max_length=100, verbose_name="được làm")),
                ("secret_sha256", models.CharField(max_length=64, unique=True)),
                ("created_at", models.DateTimeField(verbose_name="cấp lúc")),
                ("expires_at", models.DateTimeField(verbose_name="hết hạn")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="thu hồi lúc")),
                ("last_used_at", models.DateTimeField(null=True, verbose_name="dùng lần cuối")),
                ("unit", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="tokens", to="units.unit")),
            ],
            options={
                "verbose_name": "khóa truy cập",
                "ordering": ["-created_at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(expires_at__gt=F("created_at")),
                        name="token_expires_later",
                        violation_error_message="Khóa truy cập phải hết hạn sau khi được cấp.",
                    )
                ],
            },
        ),
    ]
