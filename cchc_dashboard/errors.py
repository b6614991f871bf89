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

# Code and detail of problem+json where the view gives none.
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
READ_ONLY = "25006"  # PostgreSQL: write in a read-only transaction
KEPT_HEADERS = ("Allow", "Cache-Control", "Retry-After", "WWW-Authenticate")


def usual_problem(status: int, code: str = "", message: str = "", **more: str) -> HttpResponse:
    """A status as problem+json, by default with the code and message of PROBLEMS."""
    listed_status = status if status in PROBLEMS else 400 if status < 500 else 500
    usual, detail = PROBLEMS[listed_status]
    answer = web.problem_response(listed_status, code or usual, message or detail, **more)
    answer.status_code = status
    return answer


def error_in_words(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The response itself, or for an error its replacement: problem+json for programs and scripts, a page for the empty
    405 of Django.
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
    """The page of a status code with `reason`, `title`, `limit` or `number`; without a request it needs no database."""
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
    notice = no_role_notice(user, clock.today()) if user is not None and user.is_authenticated else None
    if notice is None:
        return error_page(403, request, reason=str(exception or ""))
    answer = render(request, "no_role.html", {"told": notice}, status=403)
    patch_cache_control(answer, no_store=True)
    return answer


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The same page for what does not exist and for what the user may not see."""
    return error_page(404, request)


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 page, or 503 if the database failed outside a view, such as when reading the session."""
    return database_unavailable(request, sys.exception()) or error_page(
        500, number=getattr(request, "number", "")
    )


def database_unavailable(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """503 if the database is read-only (also a full disk) or does not answer, with `request.fault` set for the log;
    None for any other error.
    """
    if not _is_unavailable(error):
        return None
    request.fault = logs.error_kind(error.__cause__ or error)
    if request.resolver_match is None:
        # It failed before URL resolution; the log needs the route.
        with suppress(Resolver404):
            request.resolver_match = resolve(request.path_info)
    return error_page(503, reading="yes" if request.method in ("GET", "HEAD") else "")


def _is_unavailable(error: BaseException | None) -> bool:
    """Whether the database is unavailable. psycopg2 raises a bare DatabaseError without a code for a connection lost
    in the middle of an answer. A damaged SQLite file and Django's own errors do not count.
    """
    if isinstance(error, OperationalError | InterfaceError):
        return True
    code = getattr(error.__cause__, "pgcode", "") if isinstance(error, DatabaseError) else ""
    return code == READ_ONLY or code is None and type(error) is DatabaseError


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For a stale form: shows the typed data again with a fresh token, for the user to submit (acceptance S18). A
    script of a page gets the token, which no other site can read.
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
    """Whether the POST comes from a page of ours; data of other sites must not appear in our form."""
    origin = f"{request.scheme}://{request.get_host()}"
    return request.headers.get("Origin") == origin and (
        request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    )
