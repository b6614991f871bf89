"""Middleware for every request: headers, input limits, session expiry, and the declared right of each view."""

import time
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, Error
from django.middleware.gzip import GZipMiddleware
from django.urls import Resolver404, resolve
from django.utils import timezone

from accounts import pending_post
from accounts.sessions import is_idle_too_long
from core import clock
from units import tokens
from units.access import gate
from units.access.queries import has_right_anywhere
from units.models import System

from . import charset, errors

POLICY = "; ".join(
    [
        "default-src 'none'",
        "object-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


class _Middleware:
    def __init__(self, get_response):
        self.get_response = get_response


class SecurityHeaders(_Middleware):
    """Strict Content-Security-Policy; no caching of pages of signed-in users (acceptance S16)."""

    def __call__(self, request):
        response = self.get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        cache_control = _cache_control(getattr(request, "user", None))
        if cache_control:
            response.headers["Cache-Control"] = cache_control
        return response


def _cache_control(user) -> str:
    """Cache-Control by user; no-store if the database fails to load the user."""
    try:
        if isinstance(user, System):
            # Other systems may cache, and revalidate by ETag.
            return "private, no-cache"
        return "no-store" if user is not None and user.is_authenticated else ""
    except Error:
        return "no-store"


class ErrorPages(_Middleware):
    """Gives every error response a body that suits the client."""

    def __call__(self, request):
        return errors.error_in_words(request, self.get_response(request))


class Compression(GZipMiddleware):
    """Compresses pages and chart data; Django's random padding protects against BREACH. Not for files, which are
    compressed already, nor with an ETag, which is of the uncompressed bytes.
    """

    KINDS = ("text/html", "application/json")

    def process_response(self, request, response):
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if response.streaming or kind not in self.KINDS or response.has_header("ETag"):
            return response
        return super().process_response(request, response)


class InputLimits(_Middleware):
    """Refuses NUL in address, query and POST (acceptance S26), bodies over the limit, and other charsets than UTF-8."""

    def __call__(self, request):
        raw = request.META.get("QUERY_STRING", "") + request.META.get("RAW_URI", "") + request.path
        if b"\0" in unquote_to_bytes(raw.encode("utf-8", "surrogateescape")) or charset.is_other_charset(
            request
        ):
            return errors.error_page(400)
        if _length(request) > settings.UPLOAD_MAX_BYTES and _length(request) > (limit := _limit(request)):
            return errors.error_page(413, limit=str(limit // 1024 // 1024))
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        # Before POST is parsed: a large body only from users with the right in some unit.
        if _length(request) > settings.UPLOAD_MAX_BYTES:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not has_right_anywhere(request.user, view.declared_right, clock.today()):
                raise PermissionDenied
        if request.method == "POST":
            for name, values in request.POST.lists():
                if "\0" in name or any("\0" in value for value in values):
                    raise SuspiciousOperation("NUL")

    def process_exception(self, request, exception):
        """For a database that fails in a view; `errors.server_error` handles failures before it."""
        return errors.database_unavailable(request, exception)


def _length(request) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length[:12]) if length.isascii() and length.isdigit() else 0


def _limit(request) -> int:
    """The largest body of the view, in bytes."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return settings.UPLOAD_MAX_BYTES
    return getattr(settings, getattr(view, "largest_body", "UPLOAD_MAX_BYTES"))


class ReadableSessions(SessionMiddleware):
    """Serves GET even if the session cannot be written (full or read-only disk; acceptance R4)."""

    def process_response(self, request, response):
        try:
            return super().process_response(request, response)
        except (SessionInterrupted, DatabaseError) as error:
            if request.method in ("GET", "HEAD"):
                return response
            return errors.database_unavailable(request, error) or errors.error_page(503)


class SessionExpiry(_Middleware):
    """Ends a session after idle or absolute time (acceptance S12), and sets `request.ended` to the id of the user.

    Requests by scripts do not count as activity, so that an open page does not prolong the session.
    """

    def __call__(self, request):
        if request.user.is_authenticated:
            moment = int(time.time())
            begun = request.session.setdefault("begun", moment)
            seen = request.session.get("seen", moment)
            too_old = moment - begun > settings.SESSION_ABSOLUTE_SECONDS
            if too_old or is_idle_too_long(moment - seen) or not request.user.is_active:
                request.ended = request.user.pk if request.user.is_active else None
                _end(request)
            elif "seen" not in request.session or moment - seen > 60 and not _fetched_by_script(request):
                request.session["seen"] = moment
        return self.get_response(request)


def _end(request) -> None:
    """Sign out; if the session cannot be written, for this request only, and likewise for each following one."""
    try:
        logout(request)
    except DatabaseError:
        request.user = AnonymousUser()


def _fetched_by_script(request) -> bool:
    """Whether a script of a page made the request, by the browser's Sec-Fetch-Dest."""
    return request.method in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Dest") == "empty"


class TokenAuthentication(_Middleware):
    """Authenticates other systems by token, for the API only."""

    def __call__(self, request):
        refused = None
        if request.path.startswith("/api/"):
            refused = tokens.authenticate_token(request, timezone.now(), clock.today())
        return refused or self.get_response(request)


class DeclaredRights(_Middleware):
    """Checks the right that each view declares (units.access.queries); a view without one never runs."""

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        answer = gate.gate(request, view, clock.today())
        if request.method == "POST":
            ended = getattr(request, "ended", None)
            if answer is None:
                pending_post.note_resent(request)
            elif ended is not None and answer.status_code == 302:
                pending_post.keep(request, ended)
        return answer
