"""What views of every app share: the declared right, problem+json, downloads, pages of long lists, fast markup of
rows and options.
"""

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

    by_unit: the view fetches one unit through `unit_for` with this right. The gate then leaves the decision to that
    call, so that a unit outside the reader's subtree is unknown (404) whatever the reader's role.
    """

    def declare(view):
        view.declared_right = right
        view.by_unit = by_unit
        return view

    return declare


def takes_large_body(setting: str) -> Callable:
    """A view that may be sent bodies of more bytes than others, by who is signed in: the name of the setting."""

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
    """The answer; `more` are further members of the body."""
    body = {"type": "about:blank", "title": TITLES[status], "status": status, "code": code, "detail": message}
    return JsonResponse(
        body | more, status=status, content_type=MEDIA_TYPE, json_dumps_params={"ensure_ascii": False}
    )


def accepts_only_json(request: HttpRequest) -> bool:
    """Whether the caller is a script of a page or another program that has no use for a page."""
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
    """Rows of texts: the first is the head of its row, those at the places `words` are words, the rest numbers."""
    drawn = []
    for first, *others in lines:
        cells = "".join(
            f"<td>{escape_text(text)}</td>" if at in words else f'<td class="num">{escape_text(text)}</td>'
            for at, text in enumerate(others, 1)
        )
        drawn.append(f'<tr><th scope="row">{escape_text(first)}</th>{cells}</tr>\n')
    return SafeString("".join(drawn))


def options(groups: Iterable[tuple[str, Sequence[tuple[str, str]]]], chosen: str) -> SafeString:
    """Groups of (value, words) for a select; the groups have names."""
    drawn = []
    for name, ones in groups:
        if ones:
            within = "".join(
                f'<option value="{escape_text(value)}"{" selected" if value == chosen else ""}>'
                f"{escape_text(words)}</option>"
                for value, words in ones
            )
            drawn.append(f'<optgroup label="{escape_text(name)}">{within}</optgroup>')
    return SafeString("".join(drawn))


def escape_text(text: str) -> str:
    return text if isinstance(text, SafeString) else escape(text)
