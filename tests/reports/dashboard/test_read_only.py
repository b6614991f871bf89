"""A read-only database: reading works, writing is refused with a message (acceptance R3, R4)."""

import time
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction


@contextmanager
def read_only():
    """Makes this connection read-only; on PostgreSQL until the savepoint is rolled back."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            yield
            transaction.set_rollback(True)
        return
    # Not through Django, which refuses all queries after a failed write in the test's transaction.
    connection.connection.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        connection.connection.execute("PRAGMA query_only = OFF")


def age_session(client, seconds: int) -> None:
    session = client.session
    session["begun"] = session["seen"] = int(time.time()) - seconds
    session.save()


def test_reading_works_and_the_session_is_not_renewed(reader):
    client = reader("tonghop")
    age_session(client, 120)
    with read_only():
        for address in ("/", "/records/", "/healthz", "/api/v1/summary"):
            assert client.get(address).status_code == 200, address


def test_an_idle_session_ends_all_the_same(reader):
    client = reader("tonghop")
    age_session(client, 10 * 3600)
    with read_only():
        assert client.get("/").status_code == 302


def test_signing_in_is_refused_in_words(client, demo):
    with read_only():
        answer = client.post("/accounts/login/", {"username": "tonghop", "password": "demo"})
    assert answer.status_code == 503
    assert "Tạm thời chưa ghi được" in answer.content.decode()


def fail_connection(*_):
    raise OperationalError("server closed the connection unexpectedly")


def test_an_unreachable_database_is_answered_with_503(reader, client):
    """Even where the session is read before any view: a page for people, a problem document for programs."""
    signed_in = reader("tonghop")
    signed_in.raise_request_exception = client.raise_request_exception = False
    with connection.execute_wrapper(fail_connection):
        answers = {path: signed_in.get(path) for path in ("/", "/records/", "/api/v1/summary")}
        monitored = {
            path: client.get(path).status_code for path in ("/healthz", "/readyz", "/accounts/login/")
        }
        saving = signed_in.post(
            "/records/1/cells/", {}, "application/json", headers={"Accept": "application/json"}
        )
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 503)
    assert "Tạm thời chưa xem được" in answers["/"].content.decode()
    assert answers["/api/v1/summary"].json()["code"] == "unavailable"
    assert (saving.status_code, saving.json()["code"]) == (503, "unavailable")
    assert monitored == {"/healthz": 200, "/readyz": 503, "/accounts/login/": 200}
