"""A database that takes no writes: reading goes on, writing is refused in words (acceptance R3, R4)."""

import time
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction


@contextmanager
def read_only():
    """No writes through this connection; on PostgreSQL within a savepoint, whose undoing lifts it again."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            yield
            transaction.set_rollback(True)
        return
    # Past Django, which refuses everything once a write has failed within the test's transaction.
    connection.connection.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        connection.connection.execute("PRAGMA query_only = OFF")


def long_ago(client, seconds: int) -> None:
    session = client.session
    session["begun"] = session["seen"] = int(time.time()) - seconds
    session.save()


def test_reading_goes_on_and_the_session_is_not_renewed(reader):
    client = reader("tonghop")
    long_ago(client, 120)
    with read_only():
        for address in ("/", "/records/", "/healthz", "/api/v1/summary"):
            assert client.get(address).status_code == 200, address


def test_an_idle_session_ends_all_the_same(reader):
    client = reader("tonghop")
    long_ago(client, 10 * 3600)
    with read_only():
        assert client.get("/").status_code == 302


def test_signing_in_is_refused_in_words(client, demo):
    with read_only():
        answer = client.post("/accounts/login/", {"username": "tonghop", "password": "demo"})
    assert answer.status_code == 503
    assert "Tạm thời chưa ghi được" in answer.content.decode()


def gone(*_):
    raise OperationalError("server closed the connection unexpectedly")


def test_a_database_that_is_away_is_told_as_such(reader, client):
    """Also where the session is read, before any view: 503 in words, and for programs in theirs."""
    signed_in = reader("tonghop")
    signed_in.raise_request_exception = client.raise_request_exception = False
    with connection.execute_wrapper(gone):
        found = {path: signed_in.get(path) for path in ("/", "/records/", "/api/v1/summary")}
        monitored = {
            path: client.get(path).status_code for path in ("/healthz", "/readyz", "/accounts/login/")
        }
        asked = signed_in.post(
            "/records/1/cells/", {}, "application/json", headers={"Accept": "application/json"}
        )
    assert {path: answer.status_code for path, answer in found.items()} == dict.fromkeys(found, 503)
    assert "Tạm thời chưa xem được" in found["/"].content.decode()
    assert found["/api/v1/summary"].json()["code"] == "unavailable"
    assert (asked.status_code, asked.json()["code"]) == (503, "unavailable")
    assert monitored == {"/healthz": 200, "/readyz": 503, "/accounts/login/": 200}
