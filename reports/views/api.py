"""`/api/v1/`: the figures as JSON in the published shape, and its description. Errors are problem+json."""

from dataclasses import replace

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from reports.outlets import openapi
from reports.queries.dashboard import figures_of
from units import access
from units.access import Right

from .asked import Asked, BadQuestion, read
from .dashboard import wanted_of

KNOWN = ("unit", "period", "tier", "include", "as_of", "external", "decimals", "by", "basis")


@access.requires(Right.READ)
@require_safe
def summary(request: HttpRequest) -> HttpResponse:
    """The Summary of a unit and period; `rows` only with `by`."""
    try:
        asked = _read(request)
        found = figures_of(replace(wanted_of(asked), by=asked.by or None))
    except BadQuestion as error:
        return problem(400, error.code, str(error))
    except PermissionDenied as error:
        return problem(403, "forbidden", str(error))
    except Http404:
        return problem(404, "unknown_unit", "Không có đơn vị này, hoặc bạn không được xem.")
    return JsonResponse(found.as_dict(), json_dumps_params={"ensure_ascii": False})


@access.requires(Right.SIGNED_IN)
@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The description of this interface, OpenAPI 3.1."""
    return JsonResponse(openapi.document(), json_dumps_params={"ensure_ascii": False})


def problem(status: int, code: str, message: str) -> JsonResponse:
    """An error as problem+json (RFC 9457) with a code for programs and a sentence for people."""
    body = {"type": "about:blank", "title": TITLES[status], "status": status, "code": code, "detail": message}
    return JsonResponse(
        body,
        status=status,
        content_type="application/problem+json",
        json_dumps_params={"ensure_ascii": False},
    )


TITLES = {400: "Yêu cầu không hợp lệ", 403: "Không có quyền", 404: "Không tìm thấy"}


def _read(request: HttpRequest) -> Asked:
    if unknown := sorted(set(request.GET) - set(KNOWN)):
        raise BadQuestion(
            "unknown_parameter", f"Không có tham số “{unknown[0][:40]}”. Dùng: {', '.join(KNOWN)}."
        )
    return read(request)
