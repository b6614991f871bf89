"""The browser reaches the live server, before any page is asked for."""

import pytest


@pytest.mark.django_db
def test_health_is_told_to_a_browser(live_server, quiet_page):
    answer = quiet_page.goto(f"{live_server.url}/healthz")
    assert answer.status == 200
