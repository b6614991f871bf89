"""Who sent an edition, as a number beside the name; of months that wait already the log tells it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def name_senders(apps, schema_editor):
    """A file of the command line, and what a token sent, name nobody in the log: these stay without a sender."""
    Edition, Entry = apps.get_model("records", "Edition"), apps.get_model("ledger", "Entry")
    people = set(apps.get_model("units", "User").objects.values_list("pk", flat=True))
    for edition in Edition.objects.filter(state="sent").iterator(1_000):
        sendings = Entry.objects.filter(action="submission.send", subject=f"submission:{edition.submission_id}")
        actor = sendings.order_by("-sequence").values_list("actor_id", flat=True).first()
        if actor in people:
            Edition.objects.filter(pk=edition.pk).update(sender_id=actor)


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0001_initial'),
        ('records', '0011_gaps'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='edition',
            name='sender',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(name_senders, migrations.RunPython.noop),
    ]
