"""Sessions say whose they are, under a digest of the browser's key. Those of before are over: everybody signs in anew.

Django's own table goes; backwards it is there again, empty.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('units', '0011_sealed_factors'),
    ]

    operations = [
        migrations.CreateModel(
            name='Session',
            fields=[
                ('session_key', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='session key')),
                ('session_data', models.TextField(verbose_name='session data')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'phiên đăng nhập',
            },
        ),
        migrations.RunSQL(
            "DROP TABLE IF EXISTS django_session",
            """CREATE TABLE IF NOT EXISTS django_session (session_key varchar(40) NOT NULL PRIMARY KEY,
            session_data text NOT NULL, expire_date timestamp with time zone NOT NULL)""",
        ),
    ]
