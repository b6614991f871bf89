"""The API matches its OpenAPI document: Schemathesis sends valid and invalid requests with a token and with a session,
and a generated client reads the demo's figures (decision 21).
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest
import schemathesis
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from records.models import DossierCount, Submission
from reports.api import openapi
from reports.models import Review
from units.models import TokenScope, Unit
from units.tokens import create_token

SUMMARY = {"unit": "351", "period": "2022-H1"}
EXAMPLES = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    (path, method) for path, methods in openapi.openapi_document()["paths"].items() for method in methods
]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Requests must not close the connection, since they run inside the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def secret(demo) -> str:
    """A token for the whole district with every scope."""
    district = Unit.objects.get(code="351")
    return create_token("Hệ thống tỉnh", district, TokenScope.values, 30, by=None, at=timezone.now())[1]


@cache
def schema() -> schemathesis.BaseSchema:
    read = schemathesis.openapi.from_dict(openapi.openapi_document())
    read.app = WSGIHandler()
    return read


@cache
def request_strategy(path: str, method: str, mode: GenerationMode) -> st.SearchStrategy[schemathesis.Case]:
    """Requests to one address; cached, since parsing the document takes longer than the requests."""
    return schema()[path][method].as_strategy(generation_mode=mode)


def draw_request(
    data: st.DataObject, path: str, method: str, headers: dict[str, str], cookies: dict[str, str]
) -> schemathesis.Case:
    """A valid or invalid request; half of those with ids in the path get ids that exist."""
    case = data.draw(request_strategy(path, method, data.draw(st.sampled_from(MODES))))
    if "{" in path and data.draw(st.booleans()):
        real = {"unit": "13474", "month": "2022-M06", "id": Review.objects.first().pk}
        case.path_parameters = {name: real[name] for name in case.path_parameters}
    # Generated headers must not replace the credentials.
    case.headers.pop("Authorization", None)
    case.headers.update(headers)
    case.cookies = cookies
    return case


def try_requests(
    path: str, method: str, *, headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None
) -> set[int]:
    """Sends EXAMPLES requests, checks each answer against the document, and returns the statuses."""
    statuses: set[int] = set()

    @limits(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        case = draw_request(data, path, method, headers or {}, cookies or {})
        answer = case.call(base_url="http://localhost")
        case.validate_response(answer, checks=CHECKS)
        statuses.add(answer.status_code)

    ask()
    return statuses


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_address_answers_a_system_as_described(secret, path, method):
    statuses = try_requests(path, method, headers={"Authorization": f"Bearer {secret}"})
    assert statuses & {200, 400, 404, 409, 422, 423}, "never got past the door"


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_address_answers_a_person_as_described(reader, path, method):
    client = reader("xa-13474")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    statuses = try_requests(path, method, cookies={settings.SESSION_COOKIE_NAME: cookie})
    if method == "put":
        # Without a CSRF token a session changes nothing; some generated paths match no route.
        assert 403 in statuses and statuses <= {403, 404}
    else:
        assert statuses & {200, 400, 404}


def test_nobody_gets_in_without(demo):
    for path, method in OPERATIONS:
        answer = getattr(Client(), method)(path.format(unit="13474", month="2022-M06", id=1))
        assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")


@pytest.fixture(scope="module")
def made_client(tmp_path_factory) -> Path:
    """The folder of a client that openapi-python-client generates without warnings."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "openapi.json").write_text(json.dumps(openapi.openapi_document()), encoding="utf-8")
    override = {"content_type_overrides": {"application/pdf": "application/octet-stream"}, "post_hooks": []}
    (folder / "config.json").write_text(json.dumps(override), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"),
        *("--path", "openapi.json", "--config", "config.json", "--output-path", "cchc_client"),
    ]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture
def system(made_client, secret, monkeypatch):
    """The generated client with the token; its requests go to the WSGI app in this process."""
    monkeypatch.syspath_prepend(made_client)
    from cchc_client import AuthenticatedClient

    yield AuthenticatedClient(
        base_url="http://localhost",
        token=secret,
        raise_on_unexpected_status=True,
        httpx_args={"transport": httpx.WSGITransport(app=WSGIHandler())},
    )
    for name in [module for module in sys.modules if module.split(".")[0] == "cchc_client"]:
        del sys.modules[name]


def test_a_made_client_reads_the_demos_figures(system, reader):
    from cchc_client.api.cchc import fields, periods, review, reviews, submission, submissions, summary, units

    answer = summary.sync(client=system, **SUMMARY)
    listed = units.sync(client=system, limit=500)
    district = Unit.objects.get(code="351")
    assert {unit.code for unit in listed.items} == {item.code for item in Unit.objects.under(district)}
    assert listed.next_cursor is None
    assert [item.code for item in periods.sync(client=system, period="2022-Q2").items] == [
        "2022-M04", "2022-M05", "2022-M06",
    ]  # fmt: skip
    assert "ho-tich" in {item.code for item in fields.sync(client=system).items}
    months, cursor = 0, None
    while months == 0 or cursor:
        page = submissions.sync(client=system, limit=500, **({"cursor": cursor} if cursor else {}))
        months, cursor = months + len(page.items), page.next_cursor
    assert months == Submission.objects.count()
    june = submission.sync(client=system, unit="13474", month="2022-M06")
    stored = DossierCount.objects.filter(
        edition__submission__unit__code="13474", edition__submission__month=202206
    )
    assert june.totals.received_direct == sum(row.received_direct or 0 for row in stored)
    (first, *_) = reviews.sync(client=system).items
    assert review.sync(client=system, id=first.id).title == first.title
    # Last, since Django's test client reconnects the signals that close the connection.
    expected = reader("tonghop").get("/api/v1/summary", SUMMARY).json()
    assert answer.to_dict() == expected
    assert answer.total.counts.received == expected["total"]["counts"]["received"] > 14_000


def test_a_made_client_saves_a_month(system):
    from cchc_client.api.cchc import save_submission, submission
    from cchc_client.models import Problem, RowToSave, RowToSaveCounts, Saving

    unit = Unit.objects.get(code="13489")
    Submission.objects.filter(unit=unit, month=202207).delete()
    before = submission.sync(client=system, unit=unit.code, month="2022-M07")
    assert before.revision == 0
    row = RowToSave(field="ho-tich", counts=RowToSaveCounts(received_direct=12))
    saving = Saving(revision=0, rows=[row])
    for _ in range(2):
        after = save_submission.sync(
            client=system,
            unit=unit.code,
            month="2022-M07",
            body=saving,
            idempotency_key="một lần".encode().hex(),
        )
        assert (after.revision, after.totals.received) == (1, 12)
    stale = save_submission.sync(
        client=system, unit=unit.code, month="2022-M07", body=saving, idempotency_key="hai"
    )
    assert not isinstance(stale, Problem) and stale.code == "stale"
