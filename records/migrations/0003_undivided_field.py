"""A database is born with the field `chung`: not divided by field."""

from django.db import migrations


def create(apps, schema_editor) -> None:
    apps.get_model("records", "Field").objects.get_or_create(
        code="chung", defaults={"name": "Không chia theo lĩnh vực", "order": 0}
    )


class Migration(migrations.Migration):
    dependencies = [("records", "0002_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
