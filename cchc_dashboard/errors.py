"""Error responses: pages for people, problem+json for programs. They must work without the database."""

import sys
from contextlib import suppress

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import get_template
from django.urls import Resolver404, resolve
from django.utils.cache import patch_cache_control

from accounts import pending_post
from core import clock, web
from units.access.gate import no_role_notice

from .monitoring import logs

# What a program is told where the view had no words of its own: a code and what is wrong.
PROBLEMS = {
    400: ("bad_request", "Hệ thống không đọc được yêu cầu này."),
    401: ("not_signed_in", "Chưa đăng nhập."),
    403: ("forbidden", "Bạn không có quyền làm việc này."),
    404: ("not_found", "Địa chỉ không đúng, hoặc bạn không được xem."),
    405: ("method_not_allowed", "Địa chỉ này không trả lời phương thức đó."),
    413: ("too_large", "Nội dung gửi lên quá lớn."),
    429: ("too_many", "Quá nhiều yêu cầu. Hãy đợi rồi thử lại."),
    500: ("server_error", "Hệ thống gặp lỗi khi xử lý yêu cầu này."),
    503: ("unavailable", "Hãy thử lại sau vài phút."),
}
READ_ONLY = "25006"  # PostgreSQL's code for a write where only reading is allowed
KEPT_HEADERS = ("Allow", "Cache-Control", "Retry-After", "WWW-Authenticate")


def usual_problem(status: int, code: str = "", message: str = "", **more: str) -> HttpResponse:
    """A status as problem+json, in its usual words where none are given."""
    known = status if status in PROBLEMS else 400 if status < 500 else 500
    usual, detail = PROBLEMS[known]
    answer = web.problem_response(known, code or usual, message or detail, **more)
    answer.status_code = status
    return answer


def error_in_words(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The answer itself, or in its place words of the kind that the caller reads.

    Programs and a page's own script get problem+json for every error, whoever refused. A refused method (405) is empty
    as Django sends it: people get a page that leads on.
    """
    if answer.status_code < 400:
        return answer
    kind = answer.headers.get("Content-Type", "")
    for_programs = request.path.startswith(("/api/", "/reports/charts/"))
    if (for_programs or web.accepts_only_json(request)) and kind != web.MEDIA_TYPE:
        instead = usual_problem(answer.status_code)
    elif answer.status_code == 405 and not for_programs:
        instead = error_page(405, request)
    else:
        return answer
    for name in KEPT_HEADERS:
        if name in answer.headers:
            instead.headers[name] = answer.headers[name]
    instead.cookies = answer.cookies
    return instead


def error_page(status: int, request: HttpRequest | None = None, **context: str) -> HttpResponse:
    """The page of a status code; `reason`, `title`, `limit` and `number` fill it. Without the request it needs no
    database.
    """
    base = {} if request else {"demo": settings.DEMO}
    answer = HttpResponse(get_template(f"{status}.html").render(base | context, request), status=status)
    patch_cache_control(answer, no_store=True)
    return answer


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if web.accepts_only_json(request):
        return usual_problem(403, message=str(exception or ""))
    user = getattr(request, "user", None)
    lacking = no_role_notice(user, clock.today()) if user is not None and user.is_authenticated else None
    if lacking is None:
        return error_page(403, request, reason=str(exception or ""))
    answer = render(request, "no_role.html", {"told": lacking}, status=403)
    patch_cache_control(answer, no_store=True)
    return answer


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The same body for what does not exist and for what the reader may not know of."""
    return error_page(404, request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while the error is handled. A database that fails before any view, as where the session is read, is no
    fault of ours.
    """
    return database_unavailable(request, sys.exception()) or error_page(
        500, number=getattr(request, "number", "")
    )


def database_unavailable(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """503 where the database takes no writes (full or read-only disk) or does not answer; what was typed stays in the
    browser. `request.fault` then names the kind of error for the log. None for any other error.
    """
    if not _is_away(error):
        return None
    request.fault = logs.error_kind(error.__cause__ or error)
    if request.resolver_match is None:
        # It failed before the address was looked up; the log is to tell the route all the same.
        with suppress(Resolver404):
            request.resolver_match = resolve(request.path_info)
    return error_page(503, reading="yes" if request.method in ("GET", "HEAD") else "")


def _is_away(error: BaseException | None) -> bool:
    """A connection that is lost in the middle of an answer is a bare DatabaseError of psycopg2, without the code that
    a server gives with each error of its own. A damaged SQLite file and what Django says of itself are faults.
    """
    if isinstance(error, OperationalError | InterfaceError):
        return True
    code = getattr(error.__cause__, "pgcode", "") if isinstance(error, DatabaseError) else ""
    return code == READ_ONLY or code is None and type(error) is DatabaseError


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A stale form: what was typed is shown again with a fresh token, to be sent by the person (acceptance S18). A
    page's own script gets the token itself, which no other site can read.
    """
    if web.accepts_only_json(request):
        words = "Trang đã mở quá lâu nên việc vừa rồi chưa được thực hiện. Hãy tải lại trang."
        return usual_problem(403, "csrf", words, token=get_token(request))
    fields = pending_post.fields_of(request) if _from_our_page(request) else []
    ended = getattr(request, "ended", None)
    if fields and ended is not None:
        pending_post.keep(request, ended)
        return redirect_to_login(request.get_full_path())
    if fields and request.user.is_authenticated:
        context = {"to": request.get_full_path(), "fields": fields, "stale": True}
        return render(request, "accounts/sign_in/resume_post.html", context, status=403)
    return error_page(
        403,
        title="Trang đã mở quá lâu",
        reason="Hãy quay lại, tải lại trang rồi gửi lại; nếu đã gõ nhiều, chép nội dung trước khi tải lại.",
    )


def _from_our_page(request: HttpRequest) -> bool:
    """Only then the words are the reader's own; another site must not put its words into our form."""
    origin = f"{request.scheme}://{request.get_host()}"
    return request.headers.get("Origin") == origin and (
        request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    )
