"""Checks that the browser reaches the live server."""

import pytest


@pytest.mark.django_db
def test_a_browser_reads_the_health(live_server, quiet_page):
    answer = quiet_page.goto(f"{live_server.url}/healthz")
    assert answer.status == 200
