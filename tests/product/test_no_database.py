"""An unreachable database gives a 503 with a message and one line in the log; our own faults stay 500."""

import json
import sqlite3
from types import SimpleNamespace

import psycopg2
import pytest
from django.db import DatabaseError
from django.db.utils import DatabaseErrorWrapper
from django.urls import include, path

from accounts.models import User
from accounts.sessions import SessionStore
from cchc_dashboard import errors
from core.web import Right, requires

from .test_request_logging import listening

handler500 = errors.server_error
SECRET = "0912345678"


def raise_as_django(driver, error: Exception) -> None:
    """Raise the error as Django wraps it."""
    with DatabaseErrorWrapper(SimpleNamespace(Database=driver, errors_occurred=False)):
        raise error


def coded(code: str, kind: type[Exception] | None = None) -> Exception:
    """An error of psycopg2 with a code of the server."""
    error = (kind or psycopg2.errors.lookup(code))(f"message of the server about {SECRET}")
    error.__setstate__({"pgcode": code})
    return error


AWAY = [
    psycopg2.OperationalError("server closed the connection unexpectedly"),
    psycopg2.DatabaseError("server closed the connection unexpectedly"),
    psycopg2.DatabaseError("SSL SYSCALL error: EOF detected"),
    psycopg2.DatabaseError("error with status PGRES_TUPLES_OK and no message from the libpq"),
    psycopg2.InterfaceError("connection already closed"),
    coded("08006"),  # connection_failure
    coded("25006"),  # read_only_sql_transaction
    coded("53300"),  # too_many_connections
    coded("57P01"),  # admin_shutdown
    coded("57P02"),  # crash_shutdown
    coded("57P03"),  # cannot_connect_now: starting up, shutting down
    sqlite3.OperationalError("database or disk is full"),
]
FAULTS = [
    psycopg2.ProgrammingError("can't adapt type 'dict'"),
    psycopg2.NotSupportedError("not supported"),
    coded("22003"),  # numeric_value_out_of_range
    coded("23505"),  # unique_violation
    coded("25P02"),  # in_failed_sql_transaction
    coded("42601"),  # syntax_error
    coded("P0001"),  # a trigger's refusal
    coded("HV000", psycopg2.DatabaseError),  # of a kind that psycopg2 has no class for
    sqlite3.ProgrammingError("no such column"),
    sqlite3.DatabaseError("database disk image is malformed"),
]


@requires(Right.PUBLIC)
def planted(request):
    raise request.environ["planted"]


urlpatterns = [path("planted/", planted, name="planted"), path("", include("cchc_dashboard.urls"))]


@pytest.fixture
def ask(settings, db, client):
    """ask(error, method): the response of a view that raises the error."""
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False

    def send(error: Exception, method: str = "GET"):
        driver = sqlite3 if type(error).__module__ == "sqlite3" else psycopg2
        with pytest.raises(Exception) as made:
            raise_as_django(driver, error)
        return client.generic(method, "/planted/", planted=made.value)

    return send


@pytest.mark.parametrize("error", AWAY, ids=repr)
def test_an_unreachable_database_gives_503(ask, error):
    answer = ask(error)
    assert answer.status_code == 503 and "Tạm thời chưa xem được" in answer.content.decode()
    assert "Tạm thời chưa ghi được" in ask(error, "POST").content.decode()


@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_a_fault_of_ours_stays_a_fault(ask, error):
    assert ask(error).status_code == 500


def test_what_django_says_of_itself_is_a_fault(settings, client, db):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    own = DatabaseError("Save with update_fields did not affect any rows.")
    assert client.get("/planted/", planted=own).status_code == 500


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("where", ["view", "session"])
def test_a_request_without_a_database_is_one_line(ask, client, monkeypatch, as_json, where):
    client.force_login(User.objects.create_user("an"))
    if where == "session":
        monkeypatch.setattr(SessionStore, "load", lambda _: raise_as_django(psycopg2, coded("57P01")))
    with listening(as_json=as_json) as lines:
        answer = ask(coded("57P01"))
    assert answer.status_code == 503
    (line,) = lines.getvalue().splitlines()
    number, fault = answer["X-Request-ID"], "psycopg2.errors.AdminShutdown (57P01)"
    if as_json:
        logged = json.loads(line)
        expected = {"level": "ERROR", "request_id": number, "route": "planted", "status": 503, "fault": fault}
        assert {name: logged[name] for name in expected} == expected and SECRET not in line
    else:
        assert line == f"ERROR cchc_dashboard.requests [{number}] GET planted 503 {fault}"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_fault_keeps_its_trace(ask, as_json):
    with listening(as_json=as_json) as lines:
        ask(coded("42601"))
    assert "raise_as_django" in lines.getvalue()
