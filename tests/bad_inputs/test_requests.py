"""No parameter of an address and no field of a form makes an error of the server (acceptance S26, S27)."""

import json
from itertools import cycle
from urllib.parse import quote

import pytest

from tests.product.test_routes import routes
from tests.records.conftest import as_ as as_
from tests.records.conftest import july as july
from tests.records.conftest import people as people

from .texts import FIELDS, HOSTILE, PARAMETERS

API = tuple(
    f"/api/v1/{name}"
    for name in (
        "summary",
        "units",
        "periods",
        "catalogue/fields",
        "catalogue/procedures",
        "submissions",
        "reviews",
    )
)
READING = ("/", "/reports/dashboard.csv", *API, "/units/", "/records/", "/reports/reviews/")
ONE_BY_ONE = ("unit", "period", "page", "sort", "q", "cursor", "limit")
ROLES = ("administrator", "clerk", "reviewer")


def addresses(number: int) -> list[str]:
    """Every address of the product, with a number that is there."""
    found = ["/" + where.replace("<int:pk>", str(number)) for where, _ in routes()]
    found = [where.replace("<slug:name>", "online") for where in found]
    found = [where.replace("<path:unit>/<str:month>", "13441/2022-M07") for where in found]
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
        for method in (client.post, client.put):
            answer = method(where, body, content_type=kind, headers={"Idempotency-Key": "k"})
            assert answer.status_code < 500, (where, kind)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_name_of_a_month(as_, july, value):
    """In the address of a month, and as field, procedure and reason of what is saved into it."""
    client = as_("clerk")
    client.raise_request_exception = False
    part = quote(value, safe="")
    for where in (f"{part}/2022-M07", f"13441/{part}", f"{part}/{part}", "13441/2022-M07"):
        assert client.get(f"/api/v1/submissions/{where}").status_code < 500, where[:80]
        row = {
            "field": value,
            "procedure": value,
            "reason": value,
            "counts": {value: value, "opening": value},
        }
        body = {"revision": 0, "rows": [row]}
        answer = client.put(
            f"/api/v1/submissions/{where}",
            json.dumps(body),
            content_type="application/json",
            headers={"Idempotency-Key": "k", "If-None-Match": "x"},
        )
        assert 400 <= answer.status_code < 500, where[:80]


@pytest.mark.parametrize("fields", [{"anything": "a\0b"}, {"any\0thing": "a"}, {"reason": ["a", "\0"]}])
def test_nul_is_a_bad_request_whatever_the_field(as_, july, fields):
    """Also in a field that no page has, which no form would look at."""
    client = as_("clerk")
    for where in (f"/records/{july.pk}/save/", f"/records/{july.pk}/undo/", "/accounts/me/"):
        assert client.post(where, fields | {"revision": "0"}).status_code == 400, where
        assert client.get(where, fields).status_code == 400, where
