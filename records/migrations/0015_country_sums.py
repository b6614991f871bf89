from django.db import migrations


class Migration(migrations.Migration):
    """The country keeps sums of what is approved: written once it has been applied (records.apps.sum_country)."""

    dependencies = [("records", "0014_handed_over")]
    operations = []
