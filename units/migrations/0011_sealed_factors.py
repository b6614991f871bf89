"""Second factors are sealed (core.encryption): what lies in the table no longer gives codes.

The key is that of the settings; backwards they are opened with it again. Backups and free pages of the database from
before still hold them in clear (docs/deploy.md).
"""

from django.db import migrations

from core.encryption import decrypt, encrypt


def seal_factors(apps, schema_editor):
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.select_for_update():
        device.key = encrypt(bytes.fromhex(device.key), f"factor {device.user_id}")
        device.save(update_fields=["key"])


def open_factors(apps, schema_editor):
    for device in apps.get_model("otp_totp", "TOTPDevice").objects.select_for_update():
        device.key = decrypt(device.key, f"factor {device.user_id}").hex()
        device.save(update_fields=["key"])


class Migration(migrations.Migration):

    dependencies = [
        ('otp_totp', '0003_add_timestamps'),
        ('units', '0010_token_made_by'),
    ]

    operations = [
        migrations.CreateModel(
            name='Factor',
            fields=[
            ],
            options={
                'verbose_name': 'xác thực hai bước',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('otp_totp.totpdevice',),
        ),
        migrations.RunPython(seal_factors, open_factors),
    ]
