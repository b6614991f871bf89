"""A benchmark's database served by gunicorn, as in production, for what is measured from outside."""

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from accounts.models import User
from tests.support.server import answering, free_port

from .databases import ROOT

BACKEND = "django.contrib.auth.backends.ModelBackend"
# As the product is served, loaded before its workers start.
BARE = ["--config", os.devnull, "--workers", "2", "--threads", "4", "--preload", "--no-control-socket"]
BARE += ["bench.bare_page:site()"]
TOKEN = "c" * 32  # of every session here: a token is right when cookie and header agree


@dataclass(frozen=True)
class Server:
    """Where it answers, and the number of its first process."""

    address: str
    pid: int


@contextmanager
def serving(connection: Any) -> Iterator[Server]:
    """A server on that database; it has the secret key of this process, so sessions made here hold."""
    env = os.environ | {"DATABASE_URL": url_of(connection)}
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(collect, cwd=ROOT, env=env, check=True)
    with running([sys.executable, "-m", "gunicorn", "cchc_dashboard.wsgi"], env) as server:
        yield server


@contextmanager
def serving_bare(connection: Any) -> Iterator[Server]:
    """The bare Django page of bench.bare_page alone, on that database."""
    env = os.environ | {"DATABASE_URL": url_of(connection)}
    with running([sys.executable, "-m", "gunicorn", *BARE], env, path="/") as server:
        yield server


@contextmanager
def running(
    command: list[str], env: dict[str, str], folder: Path = ROOT, path: str = "/accounts/login/"
) -> Iterator[Server]:
    """A gunicorn started in a folder, at a port of its own, from its first answer at a path on; ended afterwards."""
    port = free_port()
    bound = [*command, "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        bound, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        answering(address, process, path)
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait(60)


def ask(
    address: str, method: str, path: str, headers: dict[str, str], body: str | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    """The answer and its content, over a connection of its own, as a proxy in front of gunicorn opens it."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def session_of(user: User) -> str:
    """The cookie of somebody who signed in, without the cost of a password."""
    client = Client()
    client.force_login(user, BACKEND)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def url_of(connection: Any) -> str:
    """DATABASE_URL of that database."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
