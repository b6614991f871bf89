"""Runs docs/examples unchanged: the client against a live server, the receiver with pushed messages."""

import json
import os
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from figures.periods import Month
from records.approval import actions as approval_actions
from records.models import Edition, Field
from records.submissions import actions as submissions_actions
from tests.records.conftest import AT, balanced
from tests.support.server import free_port
from units.lifecycle.actions import open_units
from units.models import Unit
from units.push import create_receiver
from units.tokens import create_token
from units.tree.rules import UnitDraft

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "examples"


@pytest.fixture
def unit(transactional_db) -> Unit:
    drafts = [
        UnitDraft("351", "huyện", "committee", "district", date(2020, 7, 1)),
        UnitDraft("13474", "thị trấn Tân Thanh", "committee", "commune", date(2020, 7, 1), parent="351"),
    ]
    open_units(drafts, by=None)
    return Unit.objects.get(code="13474")


@pytest.fixture
def client(unit, live_server, tmp_path):
    """client(rows): the example's exit code and output."""
    _, secret = create_token(
        "Một cửa", unit, ["figures", "submissions", "write"], 1, by=None, at=timezone.now()
    )

    def run(rows: list[dict]) -> tuple[int, str]:
        (tmp_path / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
        command = [
            sys.executable,
            "api_client.py",
            live_server.url,
            "13474",
            "2022-M07",
            str(tmp_path / "rows.json"),
        ]
        environment = {"CCHC_TOKEN": secret, "PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8"}
        process = subprocess.run(
            command, cwd=EXAMPLES, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return process.returncode, process.stdout + process.stderr

    return run


def test_the_client_enters_sends_and_reads(client):
    bad = balanced(40) | {"received_direct": "12,5"}
    code, output = client([{"field": "chung", "counts": bad}])
    assert code == 1 and "/rows/0/counts/received_direct: “12,5” không phải số hồ sơ" in output
    code, output = client([{"field": "chung", "counts": balanced(40)}])
    assert (code, output.splitlines()) == (
        0,
        ["thị trấn Tân Thanh, 2022-M07: sent, revision 1", "received: 40"],
    )
    code, output = client([{"field": "chung", "counts": balanced(41)}])
    assert code == 1 and output.startswith("409 sent:")


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def receiver(unit, settings):
    """receiver(): what the example printed, after it has ended. It has the secret of a stored receiver."""
    port = free_port()
    settings.PUSH_HOSTS, settings.PUSH_SCHEMES = frozenset({f"127.0.0.1:{port}"}), ("http",)
    _, secret = create_receiver("Tỉnh", unit, f"http://127.0.0.1:{port}/", by=None, at=timezone.now())
    process = subprocess.Popen(
        [sys.executable, "webhook_receiver.py", str(port)],
        cwd=EXAMPLES,
        env={"CCHC_SECRET": secret, "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    until = time.monotonic() + 30
    while not listening(port) and time.monotonic() < until:
        time.sleep(0.05)

    def ended() -> str:
        process.terminate()
        return process.communicate(timeout=10)[0]

    yield ended
    process.kill()


def test_the_receiver_takes_what_is_approved(unit, receiver, capsys):
    submission = submissions_actions.open_submission(unit, Month(2022, 7), by=None, at=AT)
    rows = {(Field.objects.get(code=Field.UNDIVIDED).pk, None): balanced(40)}
    submissions_actions.save_counts(submission.editions.get(), rows, by=None, revision=0, at=AT)
    submissions_actions.send_edition(submission.editions.get(), by=None, at=AT)
    reviewer = User.objects.create(username="tonghop")
    approval_actions.approve_edition(Edition.objects.get(), by=reviewer, at=AT)
    call_command("deliver")
    assert "Đã gửi 1 tin" in capsys.readouterr().out
    assert receiver() == "13474 2022-M07 1 40\n"
