"""Helpers for views of every app: declared rights, problem+json, downloads, pagination, fast markup of rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from html import escape
from typing import Any, TypeVar

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString


class Right(Enum):
    PUBLIC = "public"  # no sign-in: health checks, sign-in itself, verification of an issued review
    SIGNED_IN = "signed_in"  # any signed-in person; the view then fetches through this module
    READ = "read"
    ENTER = "enter"  # enter and send months of the own unit
    FILL = "fill"  # what else a unit reports: indicators, parts of a review; its clerk, or an editor above
    COMMENT = "comment"  # say something about a draft that is put to comment
    APPROVE = "approve"  # approve, return, unlock months of units below
    ASK_UNLOCK = "ask_unlock"  # ask for unlocking a month: of the own unit, or of units below
    EDIT = "edit"  # draft reviews, indicators, tasks
    CLOSE = "close"  # close the figures of a review and put it to signature
    MANAGE = "manage"  # units, catalogue, people


def requires(right: Right, *, by_unit: bool = False) -> Callable:
    """Declare the right of a view (function, or the result of `as_view()`).

    by_unit: the view fetches a unit through `unit_for`, which checks this right instead of the gate, so that a unit
    outside the user's subtree is 404 for every role.
    """

    def declare(view):
        view.declared_right = right
        view.by_unit = by_unit
        return view

    return declare


def takes_large_body(setting: str) -> Callable:
    """Declare the setting with the largest body in bytes that signed-in users may send to a view."""

    def declare(view):
        view.largest_body = setting
        return view

    return declare


MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Yêu cầu không hợp lệ",
    401: "Chưa đăng nhập",
    403: "Không có quyền",
    404: "Không tìm thấy",
    405: "Sai phương thức",
    409: "Xung đột",
    413: "Nội dung quá lớn",
    415: "Không đọc được kiểu nội dung này",
    422: "Nội dung không hợp lệ",
    423: "Đã khóa",
    429: "Quá nhiều yêu cầu",
    500: "Hệ thống gặp lỗi",
    503: "Tạm thời chưa phục vụ được",
}


def problem_response(status: int, code: str, message: str, **more: Any) -> JsonResponse:
    """An error response as RFC 9457; `more`: further members of the body."""
    body = {"type": "about:blank", "title": TITLES[status], "status": status, "code": code, "detail": message}
    return JsonResponse(
        body | more, status=status, content_type=MEDIA_TYPE, json_dumps_params={"ensure_ascii": False}
    )


def accepts_only_json(request: HttpRequest) -> bool:
    """Whether the client is a script or program that accepts JSON and not HTML."""
    return request.accepts("application/json") and not request.accepts("text/html")


Download = TypeVar("Download", bound=HttpResponseBase)


def attachment(response: Download, filename: str) -> Download:
    """The response as a file to save under this name."""
    response.headers["Content-Disposition"] = content_disposition_header(True, filename)
    return response


PAGE_SIZE = 100


def page_of(
    request: HttpRequest, rows: QuerySet | Sequence, size: int | None = None, name: str = "page"
) -> Page:
    """The page of `?page=`; the first or last one if it does not exist."""
    return Paginator(rows, size or PAGE_SIZE).get_page(request.GET.get(name))


@contextmanager
def outcome_message(request: HttpRequest, success: str, *refusals: type[Exception]) -> Iterator[None]:
    """Around an action: shows `success` as a message, or the text of a refusal if one of these is raised."""
    try:
        yield
    except refusals as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, success)


def plain_rows(lines: Iterable[Sequence[str]], words: Sequence[int] = ()) -> SafeString:
    """Table rows: the first cell is a row heading, cells at the indexes `words` are text, the others numbers."""
    drawn = []
    for first, *others in lines:
        cells = "".join(
            f"<td>{escape_text(text)}</td>" if at in words else f'<td class="num">{escape_text(text)}</td>'
            for at, text in enumerate(others, 1)
        )
        drawn.append(f'<tr><th scope="row">{escape_text(first)}</th>{cells}</tr>\n')
    return SafeString("".join(drawn))


def options(groups: Iterable[tuple[str, Sequence[tuple[str, str]]]], chosen: str) -> SafeString:
    """Named groups of (value, label) as markup for a select."""
    drawn = []
    for name, choices in groups:
        if choices:
            within = "".join(
                f'<option value="{escape_text(value)}"{" selected" if value == chosen else ""}>'
                f"{escape_text(words)}</option>"
                for value, words in choices
            )
            drawn.append(f'<optgroup label="{escape_text(name)}">{within}</optgroup>')
    return SafeString("".join(drawn))


def escape_text(text: str) -> str:
    return text if isinstance(text, SafeString) else escape(text)
