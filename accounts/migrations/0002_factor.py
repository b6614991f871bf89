"""The second factor is a proxy of a table of django-otp, which in turn needs the user model: hence a migration of its own."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0001_initial"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        migrations.CreateModel(
            name="Factor",
            fields=[],
            options={"verbose_name": "xác thực hai bước", "proxy": True, "indexes": [], "constraints": []},
            bases=("otp_totp.totpdevice",),
        ),
    ]
