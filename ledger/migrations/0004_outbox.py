import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_subject_index")]
    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event", models.UUIDField(verbose_name="sự kiện")),
                ("kind", models.CharField(max_length=100, verbose_name="loại")),
                ("destination", models.PositiveBigIntegerField(verbose_name="nơi nhận")),
                ("subject", models.CharField(max_length=200, verbose_name="về")),
                ("body", models.TextField(verbose_name="nội dung")),
                ("created_at", models.DateTimeField(verbose_name="lúc")),
                ("state", models.CharField(choices=[("waiting", "Chờ gửi"), ("delivered", "Đã gửi"), ("failed", "Không gửi được")], default="waiting", max_length=16, verbose_name="tình trạng")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="số lần gửi")),
                ("next_at", models.DateTimeField(verbose_name="gửi từ lúc")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="đã nhận lúc")),
            ],
            options={
                "verbose_name": "tin gửi đi",
                "verbose_name_plural": "tin gửi đi",
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["state", "destination", "id"], name="ledger_message_waiting")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["event", "destination"],
                        name="ledger_message_once",
                        violation_error_message="Nơi nhận đã có tin này.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="lúc")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="trả lời")),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="lỗi")),
                ("message", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="tries", to="ledger.message")),
            ],
            options={"verbose_name": "lần gửi", "ordering": ["pk"]},
        ),
    ]
