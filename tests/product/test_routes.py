"""Every route declares its right and sends visitors without a session to sign in (acceptance S1, S16)."""

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from core import web
from units.access import gate


def routes(resolver=None, prefix="") -> list[tuple[str, URLPattern]]:
    """Every address, with its parameters, and its pattern."""
    listed = []
    for entry in (resolver or get_resolver()).url_patterns:
        where = prefix + str(entry.pattern)
        listed += routes(entry, where) if isinstance(entry, URLResolver) else [(where, entry)]
    return listed


def undeclared(listed) -> list[str]:
    return [where for where, pattern in listed if getattr(pattern.callback, "declared_right", None) is None]


def address(where: str, number: int | str = 9_223_372_036_854_775_808) -> str:
    """The address with every parameter filled in, by default with an id that no table holds."""
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda m: "x" if m[1] in ("str", "slug") else str(number), where)


def test_every_route_declares_its_right():
    assert len(routes()) > 20
    assert undeclared(routes()) == []


def test_an_undeclared_route_is_found_and_never_runs():
    def forgotten(request):
        raise AssertionError("ran without a declared right")

    from django.urls import path

    assert undeclared([("forgotten/", path("forgotten/", forgotten))]) == ["forgotten/"]
    with pytest.raises(PermissionDenied):
        gate.gate(RequestFactory().get("/forgotten/"), forgotten, None)


@pytest.mark.django_db
def test_strangers_are_sent_to_sign_in(client):
    for where, pattern in routes():
        if pattern.callback.declared_right is web.Right.PUBLIC:
            continue
        answer = client.get(address(where, 1))
        expected = 401 if where.startswith("api/") else 302
        assert answer.status_code == expected, where
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], where
