"""Hypothesis strategies for requests: any address, forms of the pages, JSON and files, with random changes.

A request is drawn before it is sent, so that hypothesis prints a failing one in one line and shrinks it.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from hypothesis import strategies as st

from tests.product.test_routes import routes

from .bent_files import contents
from .texts import FIELDS, HOSTILE, PARAMETERS

METHODS = ("GET", "GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "FUZZ")
# Values that fields and parameters have in the demo.
PLAUSIBLE = (
    "", "0", "1", "2", "10", "40", "on", "true", "35", "351", "13474", "13441", "13474@2022-06-30", "phong-noi-vu",
    "2022-M07", "2022-M08", "2022-H1", "2022-Q2", "2022", "2022-06-30", "30/6/2022", "12/08/2022 17:00", "today",
    "commune", "district", "chung-thuc", "received", "online", "direct", "xa-13474", "clerk", "Nguyễn Văn A",
    "a@example.org", "https://example.org/nhan", "csv", "xlsx", "json", "comment", "text", "done", "draft", "6", "7",
)  # fmt: skip
NAMES = (
    "../x.csv",
    "..\\x.xlsx",
    "a\x00b",
    "a\r\nX-Header: 1",
    "\u202evsd.xslx",
    "a" * 300,
    "",
    ".",
    '"; x="',
)
NUMBERS = (0, 987_654_321, 2**31, 2**63 - 1, 2**63, 10**40)
HEADERS = {
    "Host": ("testserver", "evil.com", "testserver:99999", "[::1", "a b", "testserver\x80", ""),
    "X-Forwarded-For": ("10.0.0.1", "10.0.0.1, x", "::1%eth0", "," * 200, "9" * 400),
    "X-Forwarded-Host": ("evil.com", ""),
    "X-Forwarded-Proto": ("https", "javascript"),
    "Idempotency-Key": ("k", "", "k" * 201, "\xff\xfe"),
    "If-Match": ("0", '"0"', 'W/"x"', "*", ",,,", '"'),
    "If-None-Match": ("*", '"x', "W/"),
    "If-Modified-Since": ("Sun, 31 Feb 2022 00:00:00 GMT", "0", "9" * 50),
    "Accept": (
        "application/json",
        "text/html;q=x",
        "*/*;q=1e400",
        ";",
        "a/b; x*=idna''%FF",
        "a/b; x*=x''%41",
    ),
    "Accept-Language": ("vi", "en;q=nan", "a" * 600, "-" * 50),
    "Authorization": ("Bearer ", "Bearer cchc_x", "Basic AAAA", "Bearer \xff", "Bearer " + "a" * 5000),
    "Content-Length": ("1",),  # gunicorn itself refuses what is no number
    "Range": ("bytes=0-", "bytes=9-1", "x"),
    "Referer": ("//evil.com", "http://[", "x"),
    "Origin": ("null", "http://["),
    "HX-Request": ("true", "x"),
    "HX-Target": ("grid", "\xff"),
    "HX-Current-URL": ("http://[", "http://testserver/?unit=\x80"),
    "X-Requested-With": ("XMLHttpRequest",),
    "X-CSRFToken": ("x", "a" * 64),
    "X-Request-ID": ("a" * 5000, "\xff", ""),
    "User-Agent": ("", "x" * 5000),
}

text = st.text(st.characters(codec="utf-8"), max_size=12)
latin = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)
value = st.one_of(st.sampled_from(PLAUSIBLE), st.sampled_from(HOSTILE), text, st.integers().map(str))
json_value = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), value),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(value, inner, max_size=3)),
    max_leaves=5,
)


@dataclass(frozen=True)
class Sent:
    """One request: `fields` and `files` (name, file name, content) as a multipart form; without fields, `body`."""

    method: str
    path: str
    fields: dict[str, str] | None = None
    files: tuple[tuple[str, str, bytes], ...] = ()
    body: bytes = b""
    kind: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: str = ""

    def ask(self, client: Client, session: str) -> HttpResponse:
        """Send it in this session; the response, read to its end."""
        content, kind = self.body, self.kind
        if self.fields is not None:
            parts = {name: SimpleUploadedFile("x", data) for name, _, data in self.files}
            for name, called, _ in self.files:
                parts[name].__dict__["_name"] = called  # Django would clean it
            content, kind = encode_multipart(BOUNDARY, self.fields | parts), MULTIPART_CONTENT
        cookie = f"{settings.SESSION_COOKIE_NAME}={session}; {self.cookies}" if session else self.cookies
        headers = {"Cookie": cookie} | self.headers
        answer = client.generic(self.method, self.path, content, content_type=kind, headers=headers)
        if answer.streaming:
            b"".join(answer.streaming_content)
        client.cookies.clear()
        return answer


def numbers_of(where: str, things: dict[str, list[int]]) -> list[int]:
    """The ids of existing objects for an address, by its longest known prefix."""
    return max(((len(start), numbers) for start, numbers in things.items() if where.startswith(start)))[1]


@st.composite
def addresses(draw, things: dict[str, list[int]]) -> str:
    """An address with its parameters filled in, mostly with ids of existing objects."""
    where = draw(st.sampled_from([where for where, _ in routes()]))
    ids = numbers_of(where, things)
    number = st.one_of(st.sampled_from(ids), st.sampled_from(ids), st.sampled_from(NUMBERS))
    filled = ""
    while "<" in where:
        before, rest = where.split("<", 1)
        kind, where = rest.split(">", 1)
        filled += before
        filled += str(draw(number)) if kind.startswith("int") else quote(draw(value), safe="")
    query = draw(st.dictionaries(st.sampled_from(PARAMETERS), value, max_size=3))
    return f"/{filled}{where}" + (f"?{urlencode(query)}" if query else "")


_uploads = st.lists(
    st.tuples(st.sampled_from(("file", "upload", "x")), st.one_of(st.sampled_from(NAMES), text), contents),
    max_size=1,
)
_some_headers = st.one_of(
    st.just({}),
    st.sampled_from(sorted(HEADERS)).flatmap(
        lambda name: st.one_of(st.sampled_from(HEADERS[name]), latin).map(lambda content: {name: content})
    ),
)
_cookies = st.one_of(st.just(""), latin.map(lambda token: f"csrftoken={token}"), latin)


@st.composite
def at_an_address(draw, things: dict[str, list[int]]) -> Sent:
    """Any method at any address, with fields that some page has, bytes, or JSON of any shape."""
    method, path = draw(st.sampled_from(METHODS)), draw(addresses(things))
    headers, cookies = draw(_some_headers), draw(_cookies)
    if method in ("GET", "HEAD", "OPTIONS", "TRACE", "DELETE"):
        return Sent(method, path, headers=headers, cookies=cookies)
    way = draw(st.sampled_from(("form", "json", "bytes")))
    if way == "form":
        fields = draw(st.dictionaries(st.sampled_from(FIELDS), value, max_size=6))
        return Sent(method, path, fields, tuple(draw(_uploads)), headers=headers, cookies=cookies)
    body = json.dumps(draw(json_value)).encode() if way == "json" else draw(st.binary(max_size=40))
    kind = draw(
        st.sampled_from(
            (
                *("application/json", "application/x-www-form-urlencoded", "text/csv", "x", ""),
                *(
                    "x/y; charset=rot13",
                    "x/y; charset=undefined",
                    "multipart/form-data; boundary=x; charset=x",
                ),
            )
        )
    )
    return Sent(method, path, body=body, kind=kind, headers=headers, cookies=cookies)


@st.composite
def through_a_form(draw, forms: list[tuple[str, dict[str, str], list[str]]]) -> Sent:
    """A form of a page with some of its fields changed, left out or added, and any file."""
    path, initial, holders = draw(st.sampled_from(forms))
    fields = dict(initial)
    for name in draw(st.lists(st.sampled_from(sorted(fields) or ["x"]), max_size=4)):
        if draw(st.integers(0, 4)):
            fields[name] = draw(value)
        else:
            fields.pop(name, None)
    fields |= draw(st.dictionaries(st.sampled_from(FIELDS), value, max_size=1))
    named = st.one_of(st.sampled_from(NAMES), text)
    files = tuple((holder, draw(named), draw(contents)) for holder in holders)
    return Sent("POST", path, fields, files, headers=draw(_some_headers), cookies=draw(_cookies))


def _replaced(draw, tree: Any) -> Any:
    """The JSON with one of its parts replaced by another."""
    if not draw(st.integers(0, 3)) or not tree or not isinstance(tree, (dict, list)):
        return draw(json_value)
    place = draw(st.sampled_from(sorted(tree) if isinstance(tree, dict) else range(len(tree))))
    copy: Any = tree.copy()
    copy[place] = _replaced(draw, tree[place])
    return copy


@st.composite
def as_json(draw, things: dict[str, list[int]]) -> Sent:
    """A month as another system or the page itself sends it, with a part of the JSON replaced."""
    headers = {"Idempotency-Key": draw(latin)} | draw(_some_headers)
    if draw(st.booleans()):
        row = {
            "field": "chung-thuc",
            "procedure": None,
            "reason": "",
            "counts": {"opening": 0, "received_direct": 5},
        }
        body: dict[str, Any] = {"revision": 0, "rows": [row], "send": False}
        path = "/api/v1/submissions/" + draw(
            st.sampled_from(("13474/2022-M07", "13441/2022-M07", "351/2022-M07"))
        )
        method = draw(st.sampled_from(("PUT", "PUT", "POST")))
    else:
        body = {"key": "k", "revision": 0, "cells": {"chung-thuc-opening": "1", "chung-thuc-reason": ""}}
        path, method = f"/records/{draw(st.sampled_from(things['records/']))}/cells/", "POST"
    return Sent(
        method,
        path,
        body=json.dumps(_replaced(draw, body)).encode(),
        kind="application/json",
        headers=headers,
    )
