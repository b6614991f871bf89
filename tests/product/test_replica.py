"""Figures from a streaming replica: two PostgreSQL servers, the product and requests over HTTP."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from cchc_dashboard import replica
from tests.support.database_replica import Server, primary_and_replica
from tests.support.server import NOT_PASSED_ON, ROOT, answering, free_port
from units.models import System, Token, Unit

from .test_production_settings import SAFE, start

JULY = "/api/v1/summary?unit=351&period=2022-M07"
PATIENCE = 60


class Person:
    """A user who signed in to the demo."""

    def __init__(self, address: str, name: str) -> None:
        self.address, self.cookies = address, CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.get("/accounts/login/")
        self.post("/accounts/login/", username=name, password="demo")

    def get(self, path: str) -> str:
        with self._opener.open(self.address + path, timeout=PATIENCE) as response:
            return response.read().decode()

    def post(self, path: str, **fields: object) -> str:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        body = urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        with self._opener.open(self.address + path, body, timeout=PATIENCE) as response:
            return response.read().decode()

    def reported(self) -> int:
        """How many units of the district have approved figures of July."""
        return json.loads(self.get(JULY))["total"]["completeness"]["reported"]

    def page(self) -> str:
        """The dashboard of July, without the CSRF token, which always changes."""
        return re.sub(r'csrfmiddlewaretoken" value="\w+"', "", self.get("/?unit=351&period=2022-M07"))

    def approve(self, primary: Server) -> None:
        """The first month that waits for approval."""
        waiting = "FROM records_edition WHERE state = 'sent' ORDER BY submission_id LIMIT 1"
        submission, revision = (
            primary.ask(f"SELECT {name} {waiting}") for name in ("submission_id", "revision")
        )
        self.post(f"/records/{submission}/approve/", revision=revision)


@contextmanager
def served(primary: Server, copy: Server, folder: Path) -> Iterator[str]:
    """The address of one worker, with the demo in the primary."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    port = free_port()
    env = environment | {
        "CCHC_DEBUG": "1",
        "CCHC_DATA": str(folder),
        "DATABASE_URL": primary.address,
        "PORT": str(port),
    }
    env |= {"CCHC_REPLICA_URL": copy.address, "CCHC_WORKERS": "1"}
    for command in ("migrate", "seed_demo"):
        subprocess.run(
            [sys.executable, "manage.py", command], cwd=ROOT, env=env, check=True, capture_output=True
        )
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "cchc_dashboard.wsgi"],
        cwd=ROOT,
        env=env,
        stderr=subprocess.DEVNULL,
    )
    try:
        answering(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def caught_up(primary: Server, copy: Server) -> None:
    """Wait until the replica has replayed everything."""
    written = primary.ask("SELECT pg_current_wal_insert_lsn()")
    until = time.monotonic() + PATIENCE
    while copy.ask(f"SELECT pg_last_wal_replay_lsn() >= '{written}'") != "True":
        assert time.monotonic() < until, "the replica does not follow"
        time.sleep(0.05)


def test_figures_from_the_replica_and_never_older_than_what_one_wrote(tmp_path):
    with primary_and_replica() as (primary, copy), served(primary, copy, tmp_path) as address:
        reviewer, reader = Person(address, "tonghop"), Person(address, "lanhdao")
        caught_up(primary, copy)
        before = reader.reported()
        assert reviewer.reported() == before

        # The replica pauses: the writer sees their own change, other readers the replica's state.
        copy.ask("SELECT pg_wal_replay_pause()")
        reviewer.approve(primary)
        assert reviewer.reported() == before + 1
        assert reader.reported() == before
        assert reader.reported() == before

        # Rights are read from the primary: a lost role counts at once.
        primary.ask(
            "UPDATE units_membership SET valid_until = '2021-01-01' WHERE user_id = "
            "(SELECT id FROM accounts_user WHERE username = 'lanhdao') RETURNING id"
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            reader.reported()
        assert refused.value.code in (403, 404)
        primary.ask(
            "UPDATE units_membership SET valid_until = NULL WHERE user_id = "
            "(SELECT id FROM accounts_user WHERE username = 'lanhdao') RETURNING id"
        )

        copy.ask("SELECT pg_wal_replay_resume()::text")
        caught_up(primary, copy)
        assert reader.reported() == before + 1

        # The page cache is separate: a page drawn from the replica is not served to readers of the primary.
        page = reader.page()
        copy.ask("SELECT pg_wal_replay_pause()")
        reviewer.approve(primary)
        assert reader.page() == page and f"{before + 1}/" in page
        assert f"{before + 2}/" in reviewer.page()

        # The replica is down: figures come from the primary at once.
        copy.stop()
        assert reader.reported() == before + 2
        reviewer.approve(primary)
        assert reader.reported() == before + 3


@pytest.mark.parametrize(
    ("method", "name", "scopes", "goes_there"),
    [
        ("get", "api_summary", "figures", True),
        ("get", "api_summary", "figures write", False),
        ("get", "api_reviews", "figures", False),
        ("post", "api_summary", "figures", False),
    ],
)
def test_who_is_sent_to_the_replica(rf, monkeypatch, method, name, scopes, goes_there):
    """Another system has no cookie; one that may write reads from the primary, to see what it wrote."""
    request = getattr(rf, method)("/")
    request.user, request.day = System(Token(scopes=scopes, unit=Unit(path="/1/"))), None
    request.resolver_match = SimpleNamespace(url_name=name)
    calls = []
    monkeypatch.setattr(replica, "connections", {"replica": None})
    monkeypatch.setattr(replica, "_serves", lambda *arguments: calls.append(arguments))
    assert replica.FiguresFromReplica(None).process_view(request, None, (), {}) is None
    assert bool(calls) is goes_there


@pytest.mark.parametrize(
    "variables",
    [
        {"CCHC_REPLICA_URL": "postgres://cchc@host/cchc"},
        {"CCHC_REPLICA_URL": "sqlite:///x.sqlite3", "DATABASE_URL": "postgres://cchc@host/cchc"},
    ],
)
def test_a_replica_is_of_postgresql(tmp_path, variables):
    refused = start(tmp_path, **SAFE, **variables)
    assert refused.returncode != 0 and "CCHC_REPLICA_URL" in refused.stderr
