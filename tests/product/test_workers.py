"""Sign-in with four worker processes: they share attempts and used codes (acceptance S8, S14)."""

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
import pytest

from tests.support.server import NOT_PASSED_ON, ROOT, answering, free_port

# On the server that DATABASE_URL names, or on SQLite.
pytestmark = pytest.mark.database
PASSWORD = "mật khẩu đủ dài"
LOGIN, CODE = "/accounts/login/", "/accounts/login/code/"
PEOPLE = f"""
import time
from django_otp.oath import TOTP
from accounts.models import User
from accounts import second_factor
for name in ("an", "ba", "cu"):
    user = User.objects.create_user(name, password="{PASSWORD}")
device = second_factor.begin_factor(user)
totp = TOTP(device.bin_key)
totp.time = time.time() - 30
codes = second_factor.confirm_factor(user, f"{{totp.token():06}}", by=user)
print(codes[0])
"""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """A client with cookies that follows no redirects."""

    def __init__(self, address: str, **headers: str) -> None:
        self.address, self.cookies = address, CookieJar()
        jar = urllib.request.HTTPCookieProcessor(self.cookies)
        self._opener = urllib.request.build_opener(jar, _Stay())
        self._opener.addheaders = list(headers.items())
        self._opener.open(address + LOGIN, timeout=120).read()

    def post(self, path: str, **fields: str) -> int:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        body = urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        try:
            with self._opener.open(self.address + path, body, timeout=120) as answer:
                return answer.status
        except urllib.error.HTTPError as other:
            return other.code

    def sign_in(self, username: str, password: str = PASSWORD) -> int:
        return self.post(LOGIN, username=username, password=password)


def _database(folder: Path) -> Iterator[str]:
    """The address of a database of its own: a file, or a new database on the tests' server."""
    base = os.environ["DATABASE_URL"]
    if not base:
        yield f"sqlite:///{folder / 'cchc.sqlite3'}"
        return
    name = f"workers_{os.getpid()}"
    connection = psycopg2.connect(base)
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {name}")
    connection.close()
    yield f"{base.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[tuple[str, str]]:
    """The address of a server with four workers, and a recovery code of the user with a second factor."""
    folder = tmp_path_factory.mktemp("workers")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    port = free_port()
    settings = {"CCHC_DEBUG": "1", "CCHC_DATA": str(folder), "CCHC_WORKERS": "4", "PORT": str(port)}
    for url in _database(folder):
        env = environment | settings | {"DATABASE_URL": url}

        def manage(*command: str, env: dict[str, str] = env) -> str:
            run = [sys.executable, "manage.py", *command]
            return subprocess.run(run, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout

        manage("migrate")
        code = manage("shell", "-v", "0", "-c", PEOPLE).strip()
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "cchc_dashboard.wsgi"],
            cwd=ROOT,
            env=env,
            stderr=subprocess.DEVNULL,
        )
        try:
            answering(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}", code
        finally:
            process.terminate()
            process.wait(30)


def at_once(act, browsers: list[Browser]) -> list[int]:
    with ThreadPoolExecutor(len(browsers)) as pool:
        return sorted(pool.map(act, browsers))


def test_forty_wrong_passwords_at_once_are_five_tries(served):
    address, _ = served
    browsers = [Browser(address) for _ in range(40)]
    assert at_once(lambda browser: browser.sign_in("an", "sai"), browsers) == [200] * 4 + [429] * 36
    assert Browser(address).sign_in("an") == 429
    forged = {"X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4", "Forwarded": "for=1.2.3.4"}
    assert Browser(address, **forged).sign_in("an") == 429
    assert Browser(address).sign_in("ba") == 302


def test_a_recovery_code_opens_one_of_eight(served):
    address, code = served
    assert re.fullmatch(r"(\w{4}-){5}\w{4}", code)
    browsers = [Browser(address) for _ in range(8)]
    assert at_once(lambda browser: browser.sign_in("cu"), browsers) == [302] * 8
    assert at_once(lambda browser: browser.post(CODE, code=code), browsers) == [302] + [422] * 7
