"""/metrics: token, values, and the same counts from every worker (issue 7)."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from prometheus_client.parser import text_string_to_metric_families

from ledger import outbox, timer_runs
from tests.support.server import NOT_PASSED_ON, PATIENCE, ROOT, answering, free_port

TOKEN = "t" * 32
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def samples(text: str) -> dict[tuple, float]:
    """The samples by name and values of the labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def read_metrics(db, client, settings, tmp_path):
    """Reads /metrics of a server with its own data folder."""
    settings.METRICS_TOKEN, settings.DATA_DIR = TOKEN, tmp_path
    return lambda: samples(client.get("/metrics", headers=HEADERS).content.decode())


def test_only_who_brings_the_token_is_answered(db, client, settings):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = TOKEN
    for header in ("", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer tất cả"):
        answer = client.get("/metrics", headers={"Authorization": header})
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer"), header
    assert client.get(f"/metrics?token={TOKEN}").status_code == 401
    answer = client.get("/metrics", headers=HEADERS)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain; version=")


def test_requests_are_counted_by_route_method_and_class(read_metrics, client):
    before = read_metrics()
    client.get("/accounts/login/?next=/a")
    client.get("/nowhere/0912345678/")
    client.generic("BREW", "/healthz")
    after = read_metrics()
    for key in (("GET", "login", "2xx"), ("GET", "none", "4xx"), ("OTHER", "healthz", "2xx")):
        assert after["cchc_requests_total", *key] == before.get(("cchc_requests_total", *key), 0) + 1
    took = ("cchc_request_seconds_count", "login")
    assert after[took] == before.get(took, 0) + 1
    assert not [key for key in after if "0912345678" in str(key)]


def test_timer_runs_have_age_and_outcome(read_metrics, tmp_path, settings):
    assert not [key for key in read_metrics() if key[0].startswith("cchc_last_")]
    settings.MEDIA_ROOT = tmp_path / "media"
    call_command("verify_log")
    with pytest.raises(CommandError):
        call_command("backup", tmp_path)
    metrics = read_metrics()
    assert (metrics["cchc_last_run_good", "verify_log"], metrics["cchc_last_run_good", "backup"]) == (1, 0)
    assert 0 <= metrics["cchc_last_good_run_age_seconds", "verify_log"] < 600
    assert ("cchc_last_good_run_age_seconds", "backup") not in metrics
    assert timer_runs.last("backup").good_at is None and timer_runs.is_late("backup", datetime.now(UTC))
    assert not timer_runs.is_late("verify_log", datetime.now(UTC))


def test_queues_are_measured(read_metrics, client):
    for _ in range(2):
        client.post("/accounts/login/", {"username": "ai đó", "password": "sai"})
    outbox.put("x", "y", {}, [1, 2], at=datetime(2022, 8, 1, tzinfo=UTC))
    metrics = read_metrics()
    assert (metrics["cchc_failed_sign_ins",], metrics["cchc_outbox", "waiting"]) == (2, 2)
    assert {metrics["cchc_jobs", kind, "waiting"] for kind in ("drawing", "casefile")} == {0}
    assert metrics["cchc_log_entries",] == 0 and metrics["cchc_disk_free_bytes",] > 0
    assert metrics["cchc_database_up",] == 1


def test_an_unreachable_database_is_reported(read_metrics, monkeypatch):
    from django.db import OperationalError

    def away(*_):
        raise OperationalError("gone")

    monkeypatch.setattr("cchc_dashboard.monitoring.metrics.health.queues", away)
    metrics = read_metrics()
    assert metrics["cchc_database_up",] == 0 and ("cchc_log_entries",) not in metrics


@pytest.fixture
def workers(tmp_path_factory) -> Iterator[tuple[str, subprocess.Popen]]:
    """The address of a server with two workers, and its process."""
    folder, port = tmp_path_factory.mktemp("metrics"), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    env = environment | {"CCHC_DEMO": "1", "CCHC_DEBUG": "0", "CCHC_DATA": str(folder), "CCHC_WORKERS": "2"}
    env |= {"PORT": str(port), "CCHC_METRICS_TOKEN": TOKEN}
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "cchc_dashboard.wsgi"],
        cwd=ROOT,
        env=env,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(30)
        assert not folders(process)


def folders(process: subprocess.Popen) -> list[Path]:
    """The folders that the workers of this server share."""
    return list(Path("/dev/shm").glob(f"cchc-metrics-{process.pid}-*"))


def children(process: subprocess.Popen) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def fetch(address: str) -> str:
    """One request on a connection of its own, so that any worker may take it."""
    with urllib.request.urlopen(urllib.request.Request(address, headers=HEADERS), timeout=60) as answer:
        return answer.read().decode()


def test_every_worker_counts_for_all_and_a_killed_one_loses_no_count(workers):
    address, process = workers
    answering(address, process, "/healthz")
    (folder,) = folders(process)

    def counted(times: int) -> set[float]:
        for _ in range(times):
            fetch(f"{address}/healthz")
        key = ("cchc_requests_total", "GET", "healthz", "2xx")
        return {samples(fetch(f"{address}/metrics"))[key] for _ in range(10)}

    (begun,) = counted(1)
    while len(list(folder.glob("counter_*.db"))) < 2:
        (begun,) = counted(10)
    assert counted(40) == {begun + 40}
    first = children(process)
    os.kill(first[0], signal.SIGKILL)
    until = time.monotonic() + PATIENCE
    while len(set(children(process)) - {first[0]}) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert counted(40) == {begun + 80}
    assert {path.name for path in folder.glob("counter_*.db")} == {"counter_1.db", "counter_2.db"}
