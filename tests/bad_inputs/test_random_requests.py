"""4,000 random requests, by everybody: none makes an error of the server.

They are the same in every run. Others, five times as many: CHANCE=5 pytest tests/bad_inputs/test_random_requests.py
"""

import os

import pytest
from django.conf import settings as project
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.reports.conftest import loaded as loaded
from tests.reports.conftest import review as review

from .full_demo import forms_for
from .full_demo import world as world
from .random_requests import as_json, at_an_address, through_a_form

WANTED = {"nobody": 1000, "clerk": 1400, "reviewer": 400, "administrator": 1200}
TIMES = float(os.environ.get("CHANCE", "1"))
ASKED = 10  # one after the other upon one state of the database
HONEST = {"/readyz"}  # says 503 when it is not ready


@pytest.mark.parametrize(("role", "wanted"), WANTED.items())
def test_no_request_makes_an_error_of_the_server(world, role, wanted):
    client, session = Client(), ""
    if world.people[role]:
        client.force_login(world.people[role])
        session = client.cookies[project.SESSION_COOKIE_NAME].value
    one = [
        at_an_address(world.things),
        through_a_form(forms_for(client, world.things)),
        as_json(world.things),
    ]
    answered: dict[int, int] = {}

    @settings(
        max_examples=int(TIMES * wanted) // ASKED,
        derandomize="CHANCE" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.one_of(*one), min_size=ASKED, max_size=ASKED))
    def asked(requests):
        with transaction.atomic():
            for sent in requests:
                note(repr(sent))
                answer = sent.ask(client, session)
                answered[answer.status_code] = answered.get(answer.status_code, 0) + 1
                assert answer.status_code < 500 or sent.path.split("?")[0] in HONEST, answer.status_code
            transaction.set_rollback(True)

    asked()
    print(f"\n{role}: {sum(answered.values())} requests, {dict(sorted(answered.items()))}")
    assert sum(answered.values()) >= int(TIMES * wanted)
