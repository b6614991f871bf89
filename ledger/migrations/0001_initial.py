# The log and the answers to keyed requests.

import django.core.serializers.json
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "sequence",
                    models.PositiveBigIntegerField(primary_key=True, serialize=False, verbose_name="số thứ tự"),
                ),
                ("at", models.DateTimeField(verbose_name="thời điểm")),
                ("actor", models.TextField(verbose_name="người thực hiện")),
                ("actor_id", models.BigIntegerField(null=True, verbose_name="mã người thực hiện")),
                ("action", models.CharField(max_length=100, verbose_name="hành động")),
                ("subject", models.TextField(verbose_name="đối tượng")),
                (
                    "detail",
                    models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name="chi tiết"),
                ),
                ("previous_hash", models.CharField(max_length=64, verbose_name="mã băm của mục trước")),
                ("hash", models.CharField(max_length=64, unique=True, verbose_name="mã băm")),
            ],
            options={
                "verbose_name": "mục nhật ký",
                "verbose_name_plural": "nhật ký",
                "ordering": ["sequence"],
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("scope", models.CharField(max_length=200, verbose_name="phạm vi")),
                ("key", models.CharField(max_length=200, verbose_name="khóa")),
                ("request_hash", models.CharField(max_length=64, verbose_name="mã băm của yêu cầu")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="mã trả lời")),
                (
                    "answer",
                    models.JSONField(
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        null=True,
                        verbose_name="nội dung trả lời",
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="thời điểm")),
            ],
            options={
                "verbose_name": "khóa yêu cầu",
                "verbose_name_plural": "khóa yêu cầu",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "key"),
                        name="ledger_key_once",
                        violation_error_message="Khóa yêu cầu này đã được dùng.",
                    )
                ],
            },
        ),
    ]
