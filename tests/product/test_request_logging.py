"""The request log: user, page, status and request id, and no typed text, personal data or secrets (acceptance S33)."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import pairwise

import pytest
from django.db import IntegrityError
from django.urls import include, path

from accounts.models import User
from cchc_dashboard import errors
from cchc_dashboard.monitoring import logs
from core.web import Right, requires

SECRETS = ("mật-khẩu-1", "token-2", "Nguyễn Văn Ba", "0912345678", "14700")
handler500 = errors.server_error


@requires(Right.PUBLIC)
def broken(request, word):
    try:
        raise IntegrityError(f"Key (phone)=(0912345678) of Nguyễn Văn Ba: {word}")
    except IntegrityError as fault:
        raise ValueError(f"invalid literal for int(): '14700' {request.POST}") from fault


urlpatterns = [
    path("planted/<str:word>/", broken, name="planted"),
    path("", include("cchc_dashboard.urls")),
]


@pytest.fixture
def written():
    """The log lines of production as objects. The handler is added to those of pytest, which configuring logging again
    would close.
    """
    with listening(as_json=True) as lines:
        yield lambda: [json.loads(line) for line in lines.getvalue().splitlines()]


@contextmanager
def listening(*, as_json: bool) -> Iterator[StringIO]:
    whole = logs.logging_settings(level="INFO" if as_json else "WARNING", as_json=as_json)
    handler = logging.StreamHandler(StringIO())
    handler.setFormatter(
        logs.JsonLine() if as_json else logging.Formatter(whole["formatters"]["plain"]["format"])
    )
    handler.addFilter(logs.RequestIdFilter())
    before = {name: logging.getLogger(name).level for name in whole["loggers"]}
    for name, logger in whole["loggers"].items():
        logging.getLogger(name).setLevel(logger.get("level", logging.NOTSET))
    logging.getLogger().addHandler(handler)
    yield handler.stream
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def someone(db, client):
    user = User.objects.create_user("nguyen-van-ba", full_name="Nguyễn Văn Ba")
    client.force_login(user)
    return user


def test_a_line_names_page_status_and_person_by_number(written, someone, client):
    answer = client.get("/records/?q=0912345678")
    (line,) = written()
    assert {name: line[name] for name in ("level", "logger", "message", "method", "route", "status")} == {
        "level": "INFO",
        "logger": "cchc_dashboard.requests",
        "message": "GET records:worklist 200",
        "method": "GET",
        "route": "records:worklist",
        "status": 200,
    }
    assert (line["user"], line["system"], line["request_id"]) == (someone.pk, None, answer["X-Request-ID"])
    assert isinstance(line["ms"], int) and re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+\+00:00", line["time"])


@pytest.mark.parametrize(
    ("address", "status", "route"),
    [
        ("/nowhere/Nguyễn Văn Ba/", 404, "none"),
        ("/units/safety/", 403, "units:rules_of_safety"),
        ("/?%00", 400, "none"),
    ],
)
def test_each_refusal_is_written_once_as_a_warning(written, someone, client, address, status, route):
    assert client.get(address).status_code == status
    (line,) = written()
    assert (line["level"], line["status"], line["route"]) == ("WARNING", status, route)


def test_a_lock_out_is_written_without_the_name(written, db, client):
    for _ in range(5):
        client.post("/accounts/login/", {"username": "Nguyễn Văn Ba", "password": "mật-khẩu-1"})
    lines = written()
    assert lines[-1]["status"] == 429 and lines[-1]["level"] == "WARNING"
    assert not [secret for secret in SECRETS if secret in json.dumps(lines, ensure_ascii=False)]


def test_a_fault_is_logged_with_its_place_and_nothing_that_was_typed(written, settings, someone, client):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    client.cookies["a"] = "token-2"
    answer = client.post(
        "/planted/token-2/?k=mật-khẩu-1",
        {"name": "Nguyễn Văn Ba", "received": "14700"},
        headers={"Authorization": "Bearer token-2"},
    )
    assert answer.status_code == 500
    raised, line = written()
    assert raised["request_id"] == line["request_id"] == answer["X-Request-ID"]
    assert raised["logger"] == "django.request" and line["level"] == "ERROR" and line["route"] == "planted"
    assert line["user"] == someone.pk
    assert raised["exception"][-1] == "builtins.ValueError"
    assert "django.db.utils.IntegrityError" in raised["exception"] and "then" in raised["exception"]
    assert any(re.search(r"test_request_logging\.py:\d+ broken$", entry) for entry in raised["exception"])
    whole = json.dumps([raised, line], ensure_ascii=False)
    assert not [secret for secret in SECRETS if secret in whole]


def test_of_a_librarys_message_only_the_constant_part_is_kept(written):
    logging.getLogger("some.library").warning("could not read %s", "Nguyễn Văn Ba")
    logging.getLogger("django.security.DisallowedHost").error("Invalid HTTP_HOST header: 'token-2'")
    logging.getLogger("gunicorn.error").warning("Invalid request from ip=10.1.2.3: token-2")
    logging.getLogger("ledger.jobs").error("%s %d", "Drawing", 7)
    assert [line["message"] for line in written()] == [
        "could not read %s",
        "refused as suspicious",
        "Invalid request",
        "Drawing 7",
    ]


class Behind(Exception):
    """An exception in the chain of another."""


@pytest.mark.parametrize("link", ["__context__", "__cause__"])
def test_exceptions_that_are_each_others_cause_are_logged_once(link):
    """Python makes no such ring itself; code that links exceptions by hand can."""
    first, second, third = Behind("14700"), ValueError(), KeyError()
    for outer, inner in ((first, second), (second, third), (third, second)):
        setattr(outer, link, inner)
    assert logs.trace(first) == [
        "builtins.KeyError",
        "then",
        "builtins.ValueError",
        "then",
        f"{__name__}.Behind",
    ]
    setattr(first, link, first)
    assert logs.trace(first) == [f"{__name__}.Behind"]


def test_a_chain_of_any_length_is_logged():
    faults = [ValueError() for _ in range(5_000)]
    for outer, inner in pairwise(faults):
        outer.__cause__ = inner
    assert logs.trace(faults[0]).count("builtins.ValueError") == 5_000


def test_the_500_page_shows_the_request_id_of_the_log(settings, db, client):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    answer = client.get("/planted/x/")
    assert f"Mã yêu cầu: <code>{answer['X-Request-ID']}</code>" in answer.content.decode()


def test_a_number_is_taken_from_a_believed_proxy_alone(settings, db, client):
    def number(sent: str) -> str:
        return client.get("/healthz", headers={"X-Request-ID": sent})["X-Request-ID"]

    request_id = "0af7651916cd43dd8448eb211c80319c"
    assert re.fullmatch(r"[0-9a-f]{16}", number(request_id)) and number(request_id) != number(request_id)
    settings.PROXIES = 1
    assert number(request_id) == request_id
    for bad in ("", "short", "x" * 65, "a b c d e f g", "<script>alert</script>", "line\u2028break"):
        assert re.fullmatch(r"[0-9a-f]{16}", number(bad)), bad


def test_elsewhere_a_line_is_text_with_the_number(db, client):
    with listening(as_json=False) as lines:
        answer = client.get("/nowhere/")
        client.get("/healthz")
    written = lines.getvalue().splitlines()
    assert f"WARNING cchc_dashboard.requests [{answer['X-Request-ID']}] GET none 404" in written
    assert not [line for line in written if "healthz" in line]


def test_nothing_of_a_request_comes_back(db, client):
    """TRACE would return it."""
    answer = client.generic("TRACE", "/healthz", headers={"X-Asked": "mật-khẩu-1"})
    assert "mật-khẩu-1" not in answer.content.decode() and "mật-khẩu-1" not in str(answer.headers)
