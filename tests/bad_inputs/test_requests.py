"""No parameter of an address and no field of a form makes an error of the server (acceptance S26, S27)."""

from itertools import cycle
from urllib.parse import quote

import pytest

from tests.records.pages.conftest import as_ as as_
from tests.records.pages.conftest import july as july
from tests.records.pages.conftest import people as people
from tests.test_routes import routes

from .texts import FIELDS, HOSTILE, PARAMETERS

READING = ("/", "/reports/dashboard.csv", "/api/v1/summary", "/units/", "/records/", "/reports/reviews/")
ONE_BY_ONE = ("unit", "period", "page", "sort", "q")
ROLES = ("administrator", "clerk", "reviewer")


def addresses(number: int) -> list[str]:
    """Every address of the product, with a number that is there."""
    found = ["/" + where.replace("<int:pk>", str(number)) for where, _ in routes()]
    found = [where.replace("<slug:name>", "online") for where in found]
    return [where for where in found if "<" not in where and "logout" not in where]


@pytest.mark.parametrize("where", READING)
def test_no_parameter_of_an_address(as_, july, where):
    client = as_("reviewer")
    client.raise_request_exception = False
    for name in ONE_BY_ONE:
        for value in HOSTILE:
            answer = client.get(f"{where}?{name}={quote(value, safe='')}")
            assert answer.status_code < 500, (where, name, value[:40])


@pytest.mark.parametrize(("value", "who"), list(zip(HOSTILE, cycle(ROLES), strict=False)))
def test_no_field_of_a_form(as_, july, value, who):
    """All parameters or fields at once; each value by one of the roles."""
    client = as_(who)
    client.raise_request_exception = False
    for where in addresses(july.pk):
        posted = client.post(where, dict.fromkeys(FIELDS, value))
        assert posted.status_code < 500, ("POST", where, value[:40])
        got = client.get(where, dict.fromkeys(PARAMETERS, value))
        assert got.status_code < 500, ("GET", where, value[:40])


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a": NaN}', b'{"a": 1e400}', b"\x00"])
def test_no_body(as_, july, body, kind):
    client = as_("clerk")
    client.raise_request_exception = False
    for where in addresses(july.pk):
        assert client.post(where, body, content_type=kind).status_code < 500, (where, kind)
