"""What was typed with a wrong password is kept no longer (accounts.sessions.login_history): fields other than "password" lay in clear.

Backups and free pages of the database from before still hold it (docs/deploy.md).
"""

from django.db import migrations


def forget_typed(apps, schema_editor):
    apps.get_model("axes", "AccessAttempt").objects.update(get_data="", post_data="")


class Migration(migrations.Migration):

    dependencies = [
        ('axes', '0010_accessattemptexpiration'),
        ('units', '0014_user_made_in'),
    ]

    operations = [
        migrations.RunPython(forget_typed, migrations.RunPython.noop),
    ]
