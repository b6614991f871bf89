"""Reads `Authorization: Bearer …`, and refuses unknown tokens (acceptance S6).

Tokens are read from the header only: an address is kept in logs and histories.
"""

from datetime import date, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core import rate_limit
from core.web.problem_json import problem_response
from units.models import System, Token

from .actions import PREFIX, note_use, secret_digest
from .queries import with_answered

_MINUTE = 60
_IN_ADDRESS = ("access_token", "token", "api_key")


def authenticate_token(request: HttpRequest, at: datetime, day: date) -> HttpResponse | None:
    """Make the system of the request's token its `user`; an answer where it is refused. Nothing without a token.

    A token that opens nothing is refused even beside a session: whoever sends one means to act by it.
    """
    if token_in_address(request):
        told = "Khóa truy cập không được ghi trong địa chỉ. Gửi trong tiêu đề Authorization; khóa đã lộ thì thu hồi."
        return unauthorized("token_in_address", told)
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    kept = with_answered(Token.objects.select_related("unit"), day)
    found = kept.filter(secret_sha256=secret_digest(secret.strip())).first()
    if found is None or not found.is_valid(at):
        return unauthorized("bad_token", "Khóa truy cập không đúng, đã hết hạn hoặc đã bị thu hồi.")
    if not found.answered:
        told = "Người cấp khóa không còn quản trị đơn vị của khóa. Nhờ người quản trị hiện nay cấp khóa mới."
        return unauthorized("bad_token", told)
    seconds = rate_limit.seconds_to_wait("api", f"token {found.pk}", most=settings.API_LIMIT, seconds=_MINUTE)
    if seconds:
        answer = problem_response(429, "too_many", f"Quá nhiều yêu cầu. Thử lại sau {seconds} giây.")
        answer.headers["Retry-After"] = str(seconds)
        return answer
    note_use(found, at=at)
    request.user = System(found)
    # Another site can make a browser send its cookies, never this header: no form's token is needed, and a session,
    # which is not acted by here, is not spared one (django.middleware.csrf asks this mark).
    request.csrf_processing_done = True
    return None


def token_in_address(request: HttpRequest) -> bool:
    """Whether the query string holds something that is, or is meant to be, a token."""
    values = (value for _, listed in request.GET.lists() for value in listed)
    return any(name in request.GET for name in _IN_ADDRESS) or any(PREFIX in value for value in values)


def unauthorized(code: str, told: str) -> HttpResponse:
    answer = problem_response(401, code, told)
    answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return answer
