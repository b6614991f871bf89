"""Serves a benchmark database with gunicorn as in production, for measurements over HTTP."""

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
# Served like the product, preloaded before the workers start.
BARE = ["--config", os.devnull, "--workers", "2", "--threads", "4", "--preload", "--no-control-socket"]
BARE += ["bench.bare_page:site()"]
TOKEN = "c" * 32  # CSRF token of every session here; cookie and header only have to match


@dataclass(frozen=True)
class Server:
    """A running server's address and the id of its master process."""

    address: str
    pid: int


@contextmanager
def serving(connection: Any) -> Iterator[Server]:
    """A server on that database, with this process's secret key, so that sessions created here are valid."""
    env = os.environ | {"DATABASE_URL": database_url(connection)}
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(collect, cwd=ROOT, env=env, check=True)
    with running([sys.executable, "-m", "gunicorn", "cchc_dashboard.wsgi"], env) as server:
        yield server


@contextmanager
def serving_bare(connection: Any) -> Iterator[Server]:
    """Only the page of bench.bare_page, on that database."""
    env = os.environ | {"DATABASE_URL": database_url(connection)}
    with running([sys.executable, "-m", "gunicorn", *BARE], env, path="/") as server:
        yield server


@contextmanager
def running(
    command: list[str], env: dict[str, str], folder: Path = ROOT, path: str = "/accounts/login/"
) -> Iterator[Server]:
    """Start gunicorn on a free port, wait until `path` responds, and stop it at the end."""
    port = free_port()
    bind_command = [*command, "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        bind_command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        answering(address, process, path)
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait(60)


def http_request(
    address: str, method: str, path: str, headers: dict[str, str], body: str | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    """The response and its content, over a new connection as a proxy opens it."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def session_cookie(user: User) -> str:
    """A session cookie, without hashing a password."""
    client = Client()
    client.force_login(user, BACKEND)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def database_url(connection: Any) -> str:
    """The database as a DATABASE_URL."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
