"""The index of sums by field goes: nothing asked by it, and each sum that is written paid for it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0015_country_sums")]

    operations = [
        migrations.AlterField(
            "groupsum",
            "field",
            models.ForeignKey(
                "records.field", db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT
            ),
        ),
    ]
