import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def keep(apps, schema_editor) -> None:
    """Each account's unit goes over into a row of its own."""
    User, Origin = apps.get_model("units", "User"), apps.get_model("units", "AccountOrigin")
    made = User.objects.exclude(made_in=None).values_list("pk", "made_in")
    Origin.objects.bulk_create(Origin(user_id=user, unit_id=unit) for user, unit in made.iterator())


def put_back(apps, schema_editor) -> None:
    User, Origin = apps.get_model("units", "User"), apps.get_model("units", "AccountOrigin")
    for user, unit in Origin.objects.values_list("user", "unit").iterator():
        User.objects.filter(pk=user).update(made_in=unit)


class Migration(migrations.Migration):

    dependencies = [
        ('units', '0015_typed_forgotten'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountOrigin',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='origin', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('unit', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='units.unit')),
            ],
            options={
                'verbose_name': 'nơi lập tài khoản',
            },
        ),
        migrations.RunPython(keep, put_back),
        migrations.RemoveField(
            model_name='user',
            name='made_in',
        ),
    ]
