"""Errors for programs: problem+json (RFC 9457) with a code, a title and a sentence in Vietnamese."""

from typing import Any

from django.http import HttpRequest, JsonResponse

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
