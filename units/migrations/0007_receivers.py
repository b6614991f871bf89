import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("units", "0006_second_factor")]
    operations = [
        migrations.CreateModel(
            name="Receiver",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="tên hệ thống")),
                ("url", models.CharField(max_length=300, verbose_name="địa chỉ")),
                ("nonce", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(verbose_name="ghi lúc")),
                ("stopped_at", models.DateTimeField(null=True, verbose_name="ngừng lúc")),
                ("unit", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="receivers", to="units.unit")),
            ],
            options={"verbose_name": "nơi nhận số liệu", "ordering": ["pk"]},
        ),
    ]
