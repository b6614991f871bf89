"""After the flush of a transactional test the rows that migrations write are there."""

import pytest
from django.core.management import call_command

from records.models import Field


@pytest.mark.django_db(transaction=True)
def test_flush_keeps_the_undivided_field():
    Field.objects.create(code="them", name="Thêm", order=1)
    call_command("flush", interactive=False, verbosity=0)
    assert list(Field.objects.values_list("code", flat=True)) == ["chung"]
