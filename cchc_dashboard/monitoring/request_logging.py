"""Logs and counts every request under an id that reader and log share.

The line names the route (never the address, whose parts may be links that sign in), the status, the duration
and who asked by id: nothing that was typed, and no figures.
"""

import logging
import re
import secrets
import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from units.models import System

from . import logs, metrics

HEADER = "X-Request-ID"
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = logging.getLogger(logs.REQUESTS)


class RequestLogging:
    """The outermost of all: whatever answers, it is seen."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        request.number = _request_id(request)
        token = logs.request_number.set(request.number)
        try:
            answer = self.get_response(request)
            answer.headers[HEADER] = request.number
            _log_request(request, answer.status_code, time.perf_counter() - begun)
            return answer
        finally:
            logs.request_number.reset(token)


def _request_id(request: HttpRequest) -> str:
    """That which the proxy gave, where there is one that is believed; else a new one."""
    given = request.headers.get(HEADER, "")
    return given if settings.PROXIES and _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _log_request(request: HttpRequest, status: int, seconds: float) -> None:
    """A line and a count; until the answer begins, where it is sent bit by bit."""
    method = request.method if request.method in _METHODS else "OTHER"
    route = route_of(request)
    metrics.count(method, route, status, seconds)
    if route == "static" and status < 400:
        return
    level = logging.ERROR if status >= 500 else logging.WARNING if status >= 400 else logging.INFO
    fault = getattr(request, "fault", None)
    about = (method, route, status, round(seconds * 1000), *who_of(request), fault)
    extra = dict(zip(logs.ABOUT_A_REQUEST, about, strict=True))
    _log.log(level, "%s %s %d%s", method, route, status, f" {fault}" if fault else "", extra=extra)


def route_of(request: HttpRequest) -> str:
    """The name of the route, "static" or "none"."""
    found = request.resolver_match
    if found is None:
        return "static" if request.path.startswith(settings.STATIC_URL) else "none"
    return found.view_name


def who_of(request: HttpRequest) -> tuple[int | None, int | None]:
    """Number of the person and of the token, as far as they are known: nobody is looked up for it."""
    user = getattr(request, "user", None)
    if type(user) is SimpleLazyObject:
        user = getattr(request, "_cached_user", None)
    if isinstance(user, System):
        return None, user.token.pk
    return getattr(user, "pk", None), None
