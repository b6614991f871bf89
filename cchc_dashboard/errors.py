"""Error pages, in words, with what to do next. They must stand when the database does not."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.utils.cache import patch_cache_control


def page(status: int, request: HttpRequest | None = None, **context: str) -> HttpResponse:
    """The page of a status code; `reason`, `title` and `limit` fill it. Without the request it needs no database."""
    base = {} if request else {"demo": settings.DEMO}
    answer = HttpResponse(get_template(f"{status}.html").render(base | context, request), status=status)
    patch_cache_control(answer, no_store=True)
    return answer


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(403, request, reason=str(exception or ""))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The same body for what does not exist and for what the reader may not know of."""
    return page(404, request)


def server_error(request: HttpRequest) -> HttpResponse:
    return page(500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A stale form: the words say so, and the browser's Back keeps what was typed (acceptance S18)."""
    return page(
        403,
        title="Trang đã mở quá lâu",
        reason="Hãy quay lại, tải lại trang rồi gửi lại. Những gì đã gõ vẫn còn ở trang trước.",
    )
