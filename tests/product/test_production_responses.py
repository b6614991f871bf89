"""Responses of a production server: headers, cookies, hosts, redirect to https, second factor (acceptance S16–S19)."""

import json
import re
from pathlib import Path

import pytest

from .test_production_settings import SAFE, run

HOST = SAFE["CCHC_ALLOWED_HOSTS"]
ASK = """
import json, sys
from django.test import Client, RequestFactory
from django.test.utils import setup_test_environment
from datetime import date
from accounts.models import User
from core.network import client_address
from units.access import gate
from units.lifecycle.actions import open_units
from units.people.actions import add_membership
from units.tree.rules import UnitDraft
HOST = "cchc.example.vn"
client = Client(HTTP_HOST=HOST, raise_request_exception=False)
def shown(answer):
    cookies = {name: dict(cookie.items()) for name, cookie in answer.cookies.items()}
    return {"status": answer.status_code, "headers": dict(answer.headers), "cookies": cookies}
answers = {}
answers["foreign"] = shown(client.get("/accounts/login/", secure=True, HTTP_HOST="evil.com"))
answers["plain"] = shown(client.get("/accounts/login/"))
answers["forwarded"] = shown(
    client.get("/accounts/login/", HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_HOST="evil.com")
)
answers["address"] = client_address(RequestFactory().get("/", HTTP_X_FORWARDED_FOR="1.2.3.4, 10.0.0.9"))
answers["page"] = shown(client.get("/accounts/login/", secure=True))
answers["missing"] = shown(client.get("/nowhere/", secure=True))
(top,) = open_units([UnitDraft("1", "Đơn vị", "committee", "commune", date(2020, 1, 1))], by=None).new
user = User.objects.create_user("an", password="mật khẩu đủ dài")
add_membership(user, top, "leader", date(2020, 1, 1), by=None)
word = {"username": "an", "password": "mật khẩu đủ dài"}
answers["entered"] = shown(client.post("/accounts/login/", word, secure=True))
answers["first"] = shown(client.get("/units/", secure=True))
answers["inside"] = shown(client.get("/accounts/factor/", secure=True))
gate.gate = None
answers["broken"] = shown(client.get("/units/", secure=True))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory) -> dict:
    return production_report(tmp_path_factory.mktemp("production"))


def production_report(folder: Path, **variables: str) -> dict:
    env = SAFE | variables
    assert run(folder, ["manage.py", "migrate"], env).returncode == 0
    collected = run(folder, ["manage.py", "collectstatic", "--no-input", "-v", "0"], env)
    assert collected.returncode == 0, collected.stderr
    result = run(folder, ["manage.py", "shell", "-v", "0", "-c", ASK], env)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.strip().splitlines()[-1]) | {"written": result.stderr.splitlines()}


@pytest.mark.parametrize("name", ["page", "missing", "broken", "inside"])
def test_every_answer_is_strict(answers, name):
    headers = answers[name]["headers"]
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    for directive in ("default-src", "object-src", "base-uri", "frame-ancestors"):
        assert policy[directive] == "'none'"
    assert not any(
        bad in headers["Content-Security-Policy"] for bad in ("unsafe-inline", "unsafe-eval", "*", "data:")
    )
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")
    assert headers["Referrer-Policy"] == "same-origin"


def test_statuses(answers):
    assert [answers[name]["status"] for name in ("page", "missing", "broken", "inside")] == [
        200,
        404,
        500,
        200,
    ]
    assert answers["inside"]["headers"]["Cache-Control"] == "no-store"


def test_cookies_are_of_this_host_alone(answers):
    session = answers["entered"]["cookies"]["__Host-session"]
    assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
    assert (session["path"], session["domain"]) == ("/", "")
    token = answers["page"]["cookies"]["__Host-csrf"]
    assert (token["secure"], token["httponly"], token["samesite"]) == (True, True, "Lax")


def test_a_foreign_host_is_refused_and_http_leads_to_https(answers):
    assert answers["foreign"]["status"] == 400
    for name in ("plain", "forwarded"):
        assert answers[name]["status"] == 301
        assert answers[name]["headers"]["Location"] == f"https://{HOST}/accounts/login/"
    assert answers["address"] == "127.0.0.1"


def test_a_proxy_is_believed_only_where_one_is_set(tmp_path):
    report = production_report(tmp_path, CCHC_PROXIES="1")
    assert (report["forwarded"]["status"], report["address"]) == (200, "10.0.0.9")


def test_leaders_set_up_a_second_factor_first(answers):
    assert answers["entered"]["status"] == 302
    assert answers["first"]["headers"]["Location"] == "/accounts/factor/"


def test_all_that_is_written_are_lines_of_json_without_addresses_and_names(answers):
    lines = [json.loads(line) for line in answers["written"]]
    assert [line["status"] for line in lines if line["logger"] == "cchc_dashboard.requests"] == [
        *(400, 301, 301, 200, 404, 302, 302, 200, 500)
    ]
    assert [line["exception"][-1] for line in lines if "exception" in line] == [
        "django.core.exceptions.DisallowedHost",
        "builtins.TypeError",
    ]
    assert not [
        line for line in answers["written"] if re.search(r"evil|nowhere|/units/|10\.0\.0|mật khẩu", line)
    ]
