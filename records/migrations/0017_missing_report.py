"""The model of a missing report says what it is; its table keeps its name."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("records", "0016_sums_without_field_index")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Gap", "MissingReport"),
                migrations.AlterModelTable("MissingReport", "records_gap"),
            ],
        ),
    ]
