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
    """Strict content policy on every answer; nothing of a signed-in reader stays in a cache (acceptance S16)."""

    def __call__(self, request):
        response = self.get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        kept = _may_be_kept(getattr(request, "user", None))
        if kept:
            response.headers["Cache-Control"] = kept
        return response


def _may_be_kept(user) -> str:
    """What a reader's browser or another system may keep; as of a reader where the database does not tell who asks."""
    try:
        if isinstance(user, System):
            # Its own copy may be kept, and is asked about each time (ETag).
            return "private, no-cache"
        return "no-store" if user is not None and user.is_authenticated else ""
    except Error:
        return "no-store"


class ErrorPages(_Middleware):
    """No refusal without words: whoever refused, the answer is of the kind that its reader understands."""

    def __call__(self, request):
        return errors.error_in_words(request, self.get_response(request))


class Compression(GZipMiddleware):
    """Pages and the data of their charts, for browsers that take it. Random padding keeps a page's length from telling
    what stands in it (BREACH). Files are compressed already, and a tag (ETag) is of the bytes as they are.
    """

    KINDS = ("text/html", "application/json")

    def process_response(self, request, response):
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if response.streaming or kind not in self.KINDS or response.has_header("ETag"):
            return response
        return super().process_response(request, response)


class InputLimits(_Middleware):
    """Refuses NUL in address and query before anything reads them (acceptance S26), bodies over the limit, and what is
    not sent in UTF-8.
    """

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
        # Whatever looks at the POST takes it in: a large one only of who may send it to some unit.
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
        """A database that fails in a view; one that fails before it is told by `errors.server_error`."""
        return errors.database_unavailable(request, exception)


def _length(request) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length[:12]) if length.isascii() and length.isdigit() else 0


def _limit(request) -> int:
    """Bytes that the body of this address may have."""
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return settings.UPLOAD_MAX_BYTES
    return getattr(settings, getattr(view, "largest_body", "UPLOAD_MAX_BYTES"))


class ReadableSessions(SessionMiddleware):
    """A session that cannot be written (full or read-only disk) does not stop anybody from reading (acceptance R4)."""

    def process_response(self, request, response):
        try:
            return super().process_response(request, response)
        except (SessionInterrupted, DatabaseError) as error:
            if request.method in ("GET", "HEAD"):
                return response
            return errors.database_unavailable(request, error) or errors.error_page(503)


class SessionExpiry(_Middleware):
    """Ends a session after idle or absolute time (acceptance S12). `request.ended` is then the number of the person.

    What a page's script fetches by itself does not count as work: a page left open ends its session all the same.
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
    """Sign out; where the database takes no writes, for this request at least, and so for each that follows."""
    try:
        logout(request)
    except DatabaseError:
        request.user = AnonymousUser()


def _fetched_by_script(request) -> bool:
    """Whether a script of a page asked, and not a person: browsers say so."""
    return request.method in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Dest") == "empty"


class TokenAuthentication(_Middleware):
    """Other systems come with a token, to the API alone."""

    def __call__(self, request):
        refused = None
        if request.path.startswith("/api/"):
            refused = tokens.authenticate_token(request, timezone.now(), clock.today())
        return refused or self.get_response(request)


class DeclaredRights(_Middleware):
    """Runs the right that each view declares (units.access.queries); a view that declares none never runs."""

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
