"""Settings with which a production server refuses to start (acceptance S20), each tried in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEY = "k" * 50


SAFE = {"CCHC_SECRET_KEY": "-".join(map(str, range(40))), "CCHC_ALLOWED_HOSTS": "cchc.example.vn"}


def run(data: Path, command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CCHC_")}
    environment |= {
        "CCHC_DATA": str(data),
        "CCHC_DEBUG": "0",
        "CCHC_DEMO": "0",
        "DATABASE_URL": "",
    } | variables
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def start(data: Path, **variables: str) -> subprocess.CompletedProcess:
    return run(data, ["manage.py", "check", "--deploy", "--fail-level", "WARNING"], variables)


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"CCHC_ALLOWED_HOSTS": "cchc.example.vn"}, "CCHC_SECRET_KEY"),
        ({"CCHC_SECRET_KEY": KEY[:-1], "CCHC_ALLOWED_HOSTS": "cchc.example.vn"}, "CCHC_SECRET_KEY"),
        ({"CCHC_SECRET_KEY": KEY}, "CCHC_ALLOWED_HOSTS"),
        ({"CCHC_SECRET_KEY": KEY, "CCHC_ALLOWED_HOSTS": "*"}, "CCHC_ALLOWED_HOSTS"),
    ],
)
def test_start_is_refused_and_the_variable_named(tmp_path, variables, named):
    result = start(tmp_path, **variables)
    assert result.returncode != 0
    assert named in result.stderr


def test_complete_settings_pass_the_deployment_check(tmp_path):
    result = start(tmp_path, **SAFE)
    assert result.returncode == 0, result.stderr


def test_demo_accounts_keep_a_production_server_from_starting(tmp_path):
    make = "from accounts.models import User; User.objects.create(username='thu', demo=True)"
    serve = ["-c", "import cchc_dashboard.wsgi"]
    assert run(tmp_path, ["manage.py", "migrate"], SAFE).returncode == 0
    assert run(tmp_path, serve, SAFE).returncode == 0
    assert run(tmp_path, ["manage.py", "shell", "-c", make], SAFE).returncode == 0
    refused = run(tmp_path, serve, SAFE)
    assert refused.returncode != 0
    assert "CCHC_DEMO" in refused.stderr


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"CCHC_EMAIL_URL": "smtp://may-chu:587"}, "CCHC_EMAIL_FROM"),
        ({"CCHC_EMAIL_URL": "imap://may-chu", "CCHC_EMAIL_FROM": "cchc@example.vn"}, "CCHC_EMAIL_URL"),
        ({"CCHC_EMAIL_URL": "smtp://may-chu:x", "CCHC_EMAIL_FROM": "cchc@example.vn"}, "CCHC_EMAIL_URL"),
        ({"CCHC_BASE_URL": "cchc.example.vn"}, "CCHC_BASE_URL"),
        ({"CCHC_ADMINS": "quantri@example.vn"}, "CCHC_EMAIL_URL"),
        ({"CCHC_ADMINS": "quantri"}, "CCHC_ADMINS"),
        ({"CCHC_METRICS_TOKEN": "x" * 31}, "CCHC_METRICS_TOKEN"),
        ({"CCHC_LOG_LEVEL": "warn"}, "CCHC_LOG_LEVEL"),
        ({"CCHC_LOG_MONTHS": "11"}, "CCHC_LOG_MONTHS"),
        ({"CCHC_SECOND_FACTOR_ROLES": "admin"}, "CCHC_SECOND_FACTOR_ROLES"),
        ({"CCHC_OIDC_ISSUER": "http://may-chu.example.vn"}, "CCHC_OIDC_ISSUER"),
        ({"CCHC_OIDC_ISSUER": "https://may-chu.example.vn"}, "CCHC_OIDC_CLIENT_ID"),
    ],
)
def test_a_server_or_address_that_cannot_be_is_named(tmp_path, variables, named):
    result = start(tmp_path, **SAFE, **variables)
    assert result.returncode != 0 and named in result.stderr


def test_without_a_mail_server_links_are_printed_in_the_demo_only(tmp_path):
    send = "from django.core.mail import send_mail; send_mail('Thư', 'bí mật', None, ['a@example.vn'])"
    for variables, printed in ((SAFE, False), ({"CCHC_DEMO": "1"}, True), ({"CCHC_DEBUG": "1"}, True)):
        result = run(tmp_path, ["manage.py", "shell", "-v", "0", "-c", send], variables)
        assert result.returncode == 0, result.stderr
        assert ("a@example.vn" in result.stdout + result.stderr) is printed


def test_mail_settings_are_read_from_one_address(tmp_path):
    names = "EMAIL_HOST EMAIL_PORT EMAIL_HOST_USER EMAIL_HOST_PASSWORD EMAIL_USE_TLS EMAIL_USE_SSL BASE_URL"
    show = f"from django.conf import settings as s; print([getattr(s, n) for n in '{names}'.split()])"
    for url, expected in (
        ("smtp://bao%40x:m%3At@may-chu", ["may-chu", 587, "bao@x", "m:t", True, False]),
        ("smtp://may-chu:25?tls=0", ["may-chu", 25, "", "", False, False]),
        ("smtps://a:b@may-chu", ["may-chu", 465, "a", "b", False, True]),
    ):
        mail = {"CCHC_EMAIL_URL": url, "CCHC_EMAIL_FROM": "cchc@example.vn"}
        result = run(tmp_path, ["manage.py", "shell", "-v", "0", "-c", show], SAFE | mail)
        assert result.stdout.strip() == str([*expected, "https://cchc.example.vn"]), result.stderr
