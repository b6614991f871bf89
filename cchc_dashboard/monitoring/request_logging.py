"""Logs and counts every request under an id, which is also in the response.

A line has the route (never the address, which may contain a sign-in link), the status, the duration and the id of user
or token: no typed data, no figures.
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
    """The outermost middleware, so that every response is logged."""

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
    """The id from the proxy, if CCHC_PROXIES is set, or else a new one."""
    from_proxy = request.headers.get(HEADER, "")
    return from_proxy if settings.PROXIES and _REQUEST_ID.fullmatch(from_proxy) else secrets.token_hex(8)


def _log_request(request: HttpRequest, status: int, seconds: float) -> None:
    """`seconds`: until the response, without the streaming of its body."""
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
    match = request.resolver_match
    if match is None:
        return "static" if request.path.startswith(settings.STATIC_URL) else "none"
    return match.view_name


def who_of(request: HttpRequest) -> tuple[int | None, int | None]:
    """The ids of user and token, if already loaded; makes no query."""
    user = getattr(request, "user", None)
    if type(user) is SimpleLazyObject:
        user = getattr(request, "_cached_user", None)
    if isinstance(user, System):
        return None, user.token.pk
    return getattr(user, "pk", None), None
