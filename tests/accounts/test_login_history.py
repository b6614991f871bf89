"""Retention of sign-in logs and sessions; no log holds a secret (acceptance S33)."""

import logging
from datetime import timedelta
from urllib.parse import quote

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import second_factor, sessions, users
from accounts.models import Session, User
from ledger.models import Entry
from tests.units.conftest import person
from units.tokens import create_token

WRONG, RIGHT, NEW = "sai-hoàn-toàn-9", "mật khẩu đủ dài", "mật khẩu hoàn toàn khác"


def enter(password: str, **headers: str) -> Client:
    client = Client(**headers)
    client.post("/accounts/login/", {"username": "thu", "password": password})
    return client


def test_old_sign_ins_and_ended_sessions_are_forgotten(tree, settings):
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    user = person("thu", ("clerk", tree.tan_thanh))
    enter(WRONG)
    enter(WRONG, HTTP_USER_AGENT="máy khác")
    enter(RIGHT)
    now = timezone.now()
    models = (AccessLog, AccessFailureLog, Session)
    assert [model.objects.count() for model in models] == [1, 2, 1]
    assert [sign_in.succeeded for sign_in in sessions.sign_ins_of(user)] == [True, False, False]
    assert len(list(sessions.running_sessions_of(user, at=now))) == 1
    almost = now - timedelta(days=settings.SIGN_IN_DAYS, seconds=-60)
    AccessLog.objects.update(attempt_time=almost)
    AccessFailureLog.objects.filter(user_agent="máy khác").update(attempt_time=almost - timedelta(minutes=2))
    Session.objects.update(expire_date=now - timedelta(seconds=1))
    call_command("deliver")
    assert [model.objects.count() for model in models] == [1, 1, 0]


def test_forgetting_goes_in_steps(db, monkeypatch):
    monkeypatch.setattr(sessions, "AT_ONCE", 2)
    now = timezone.now()
    for _ in range(3):
        AccessLog.objects.create(username="thu")
        AccessAttempt.objects.create(username="thu", user_agent=str(_), failures_since_start=1)
    later = now + timedelta(days=400)
    assert [sessions.forget_sessions(at=later) for _ in range(3)] == [4, 2, 0]


def test_no_log_holds_a_password_or_token(tree, caplog, capfd):
    """In every log table, in the server's log at level DEBUG, and in what is printed."""
    caplog.set_level(logging.DEBUG)
    user = person("thu", ("clerk", tree.tan_thanh), ("administrator", tree.district))
    issued = users.issue_password(user, by=None, at=timezone.now())
    enter(WRONG)
    client = enter(issued)
    form = {"old_password": issued, "new_password1": NEW, "new_password2": NEW}
    client.post("/accounts/password/", form)
    assert User.objects.get(pk=user.pk).check_password(NEW)
    _, secret = create_token("Một cửa", tree.district, ["figures"], 30, by=user, at=timezone.now())
    for key in (secret, secret[:-1] + "x"):
        Client().get("/api/v1/units", headers={"Authorization": f"Bearer {key}"})
        Client().get("/api/v1/units", {"token": key})
    Client(raise_request_exception=False).get(
        "/api/v1/summary?period=x", headers={"Authorization": f"Bearer {secret}"}
    )
    printed = "".join(capfd.readouterr())
    rows = [
        row for model in (Entry, *apps.get_app_config("axes").get_models()) for row in model.objects.values()
    ]
    logged = f"{rows}{caplog.text}{printed}"
    assert "/api/v1/units" in logged and "thu" in logged
    assert not [text for text in (WRONG, issued, NEW, secret, secret[:-1] + "x") if text in logged]


GUESSED = "mật khẩu đoán mò"


@pytest.mark.parametrize(
    ("where", "typed"),
    [
        ("/accounts/login/", {"username": "thu", "password": GUESSED, "pasword": NEW}),
        ("/accounts/login/?next=/&password=" + quote(NEW), {"username": "thu", "password": GUESSED}),
        ("/accounts/password/", {"old_password": GUESSED, "new_password1": NEW, "new_password2": NEW}),
        ("/accounts/me/", {"email": "thu@example.vn", "password": GUESSED, "ghi-chu": NEW}),
        ("/accounts/factor/confirm/", {"code": NEW, "password": GUESSED}),
        ("/accounts/sessions/", {"session": "others", "password": GUESSED, "khac": NEW}),
    ],
)
def test_of_a_failed_try_nothing_that_was_typed_is_kept(tree, where, typed):
    """Twice: axes adds the second attempt to the row of the first."""
    user = person("thu", ("clerk", tree.tan_thanh))
    second_factor.begin_factor(user)
    client = enter(RIGHT)
    client = Client() if "login" in where else client
    for _ in range(2):
        client.post(where, typed)
    (attempt,) = AccessAttempt.objects.values()
    assert attempt["failures_since_start"] == 2
    assert (attempt["get_data"], attempt["post_data"]) == ("", "")
    assert not [text for text in (GUESSED, NEW, quote(NEW)) if text in str(attempt)]
