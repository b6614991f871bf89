"""What a transactional test leaves behind is a database as the migrations made it."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from records.models import Field

from .born_rows import CHANGING, WRITING


@pytest.mark.django_db(transaction=True)
def test_flush_keeps_the_undivided_field():
    Field.objects.create(code="them", name="Thêm", order=1)
    call_command("flush", interactive=False, verbosity=0)
    assert list(Field.objects.values_list("code", flat=True)) == ["chung"]


def test_every_migration_that_writes_rows_is_known():
    """RunPython elsewhere installs triggers only, which a flush leaves alone."""
    writing = set()
    for path in Path(settings.BASE_DIR).glob("*/migrations/[0-9]*.py"):
        if "apps.get_model" in path.read_text(encoding="utf-8"):
            writing.add(f"{path.parent.parent.name}.migrations.{path.stem}")
    assert writing == {*WRITING, *CHANGING}
