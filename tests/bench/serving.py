"""A benchmark's database served by gunicorn, as in production, for what is measured from outside."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.test import Client

from tests.served import answering, free_port
from units.models import User

from .databases import ROOT

BACKEND = "django.contrib.auth.backends.ModelBackend"
TOKEN = "c" * 32  # of every session here: a token is right when cookie and header agree


@contextmanager
def serving(connection: Any) -> Iterator[str]:
    """The address of a server on that database; it has the secret key of this process, so sessions made here hold."""
    port = free_port()
    env = os.environ | {"DATABASE_URL": _url(connection), "PORT": str(port)}
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(collect, cwd=ROOT, env=env, check=True)
    command = [sys.executable, "-m", "gunicorn", "cchc_dashboard.wsgi"]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        answering(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def session_of(user: User) -> str:
    """The cookie of somebody who signed in, without the cost of a password."""
    client = Client()
    client.force_login(user, BACKEND)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _url(connection: Any) -> str:
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
