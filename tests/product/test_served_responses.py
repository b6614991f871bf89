"""Responses of the product behind gunicorn, which handles headers before Django (acceptance S16, S19, S26)."""

import http.client
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.server import ROOT, answering, free_port

from .test_production_settings import SAFE, run

LOGIN = "/accounts/login/"
HTTPS = {"X-Forwarded-Proto": "https"}
# Headers that gunicorn trusts from this machine by default.
FORGED = [
    HTTPS,
    {"X-Forwarded-Protocol": "ssl"},
    {"X-Forwarded-Ssl": "on"},
    {"SCRIPT_NAME": "/accounts"},
    {"PATH_INFO": "/healthz"},
]
# Codecs of Python that are no character sets, one that no page uses, and names that are no codec.
CODECS = ("rot13", "zlib", "undefined", "idna", "utf-16", "khong-co", '"')
Ask = Callable[..., http.client.HTTPResponse]


@contextmanager
def serving(folder: Path, **variables: str) -> Iterator[Ask]:
    """The product as in production; ask(method, path, headers, body)."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CCHC_")}
    env = environment | {"CCHC_DATA": str(folder), "CCHC_DEBUG": "0", "CCHC_DEMO": "0", "DATABASE_URL": ""}
    env |= SAFE | {"CCHC_ALLOWED_HOSTS": "cchc.example.vn,127.0.0.1", "PORT": str(port)} | variables
    assert run(folder, ["manage.py", "migrate"], SAFE).returncode == 0
    assert run(folder, ["manage.py", "collectstatic", "--no-input", "-v", "0"], SAFE).returncode == 0
    command = [sys.executable, "-m", "gunicorn", "cchc_dashboard.wsgi"]

    def ask(method: str = "GET", path: str = LOGIN, headers: dict | None = None, body: bytes | None = None):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        line.request(method, path, body, {"Host": "cchc.example.vn"} | (headers or {}))
        answer = line.getresponse()
        answer.body = answer.read()
        line.close()
        return answer

    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, env=env, stderr=log) as served,
    ):
        try:
            answering(f"http://127.0.0.1:{port}", served, "/healthz")
            yield ask
        finally:
            served.terminate()


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Iterator[Ask]:
    """Without a proxy."""
    with serving(tmp_path_factory.mktemp("alone")) as ask:
        yield ask


@pytest.fixture(scope="module")
def behind(tmp_path_factory) -> Iterator[Ask]:
    """Behind a trusted proxy."""
    with serving(tmp_path_factory.mktemp("behind"), CCHC_PROXIES="1") as ask:
        yield ask


@pytest.mark.parametrize("headers", FORGED, ids=str)
def test_no_header_makes_http_https_where_no_proxy_is_set(alone, headers):
    answer = alone(headers=headers)
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://cchc.example.vn{LOGIN}"


@pytest.mark.parametrize("headers", FORGED[1:], ids=str)
def test_of_a_proxy_one_header_is_believed(behind, headers):
    assert behind(headers=headers).status == 301
    assert behind(headers=HTTPS).status == 200
    # Contradicting headers do not change that.
    assert behind(headers=HTTPS | headers).status == 200


@pytest.mark.parametrize("path", [LOGIN, "/api/v1/units", "/nowhere/?q=%FF"])
@pytest.mark.parametrize("codec", CODECS)
def test_no_character_set_makes_an_error_of_the_server(behind, codec, path):
    """Named as the body's charset or in an encoded parameter, in Content-Type and in Accept."""
    for name, value in {
        "Content-Type": f"text/plain; charset={codec}",
        "Content-type": f"text/html; x*={codec}''%FF",
        "Accept": f"text/html; x*={codec}''%FF",
    }.items():
        for method, body in (("GET", None), ("POST", b"a=%FF"), ("PUT", b"{}")):
            answer = behind(method, path, HTTPS | {name: value}, body)
            assert answer.status < 500, (method, name)
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_what_is_not_utf_8_is_not_guessed(behind):
    """Decoding it as UTF-8 would change its letters."""
    for charset, status in (("utf-16", 400), ("windows-1258", 400), ("UTF-8", 403), ("utf8", 403)):
        kind = f"application/x-www-form-urlencoded; charset={charset}"
        assert behind("POST", LOGIN, HTTPS | {"Content-Type": kind}, b"username=an").status == status
