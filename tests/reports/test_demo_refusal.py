"""When loading the demo is refused; in an empty database."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User


def test_refused_without_demo(settings, db):
    settings.DEMO = False
    with pytest.raises(CommandError, match="CCHC_DEMO"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_a_real_account_is_never_taken_over(db):
    User.objects.create(username="tonghop")
    with pytest.raises(CommandError, match="tonghop"):
        call_command("seed_demo", stdout=StringIO(), stderr=StringIO())
