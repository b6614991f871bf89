"""Shared by all endpoints of `/api/v1/`: rights, cursors, ETag, problem responses; and the endpoint of units."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_http_methods

from core import web
from core.dates import parse_day
from core.web import Right, problem_response
from units.access.queries import memberships_of, require_right, visible_units
from units.tree.details import IN_API, detail_texts
from units.tree.queries import key_on, resolve_code

from .models import System, Tier, TokenScope, Unit

LARGEST_PAGE = 500
USUAL_PAGE = 100
UNKNOWN_UNIT = ("unknown_unit", "Không có đơn vị này, hoặc bạn không được xem.")
_SAFE = ("GET", "HEAD")
_LONGEST_CURSOR = 100


class ApiProblem(Exception):
    """Refuses a request: status, code for programs, sentence in Vietnamese; `more` is added to the response."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more

    def answer(self) -> HttpResponse:
        return problem_response(self.status, self.code, self.message, **self.more)


def endpoint(scope: TokenScope, *, methods: Sequence[str] = ("GET",)) -> Callable:
    """Declare a view of the API, which returns plain data and may raise ApiProblem, Http404 or PermissionDenied.

    A token needs `scope` to read and the scope `write` for any other method. The view checks rights on units itself.
    """

    def declare(view: Callable) -> Callable:
        @web.requires(Right.READ)
        @require_http_methods([*methods, "HEAD"])
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                _must_have(request, scope if request.method in _SAFE else TokenScope.WRITE)
                return _tagged(request, view(request, *args, **kwargs))
            except ApiProblem as refused:
                return refused.answer()
            except PermissionDenied as denied:
                return problem_response(403, "forbidden", str(denied) or "Bạn không có quyền làm việc này.")
            except Http404:
                return problem_response(404, "not_found", "Không có, hoặc bạn không được xem.")

        return answered

    return declare


def _must_have(request: HttpRequest, scope: TokenScope) -> None:
    if isinstance(request.user, System) and scope not in request.user.token.granted:
        message = f"Khóa truy cập này không được: {scope.label.lower()}."
        raise ApiProblem(403, "wrong_scope", message)


def _tagged(request: HttpRequest, result: Any) -> HttpResponse:
    """The data as JSON with an ETag, or 304 if the caller's copy is current."""
    if request.method not in _SAFE:
        # PostgreSQL does not keep the key order of a stored response: sorted, a repeated one is equal to the byte.
        return _json(result, sort_keys=True)
    answer = result if isinstance(result, HttpResponse) else _json(result)
    tag = quote_etag(hashlib.sha256(answer.content).hexdigest()[:32])
    answer.headers["ETag"] = tag
    return get_conditional_response(request, etag=tag, response=answer)


def _json(data: Any, **options: Any) -> HttpResponse:
    return json_response(to_json(data, **options))


def to_json(data: Any, **options: Any) -> str:
    """Plain data as JSON, in the API's format."""
    return json.dumps(data, ensure_ascii=False, **options)


def json_response(text: str) -> HttpResponse:
    """The response of an endpoint whose data are JSON text already."""
    return HttpResponse(text, content_type="application/json")


def allow_parameters(request: HttpRequest, names: Iterable[str]) -> None:
    """Refuse unknown parameters: a mistyped filter must not return everything."""
    allowed = tuple(names)
    if unknown := sorted(set(request.GET) - set(allowed)):
        message = f"Không có tham số “{unknown[0][:40]}”. Dùng: {', '.join(allowed)}."
        raise ApiProblem(400, "unknown_parameter", message)


def unit_on(request: HttpRequest, code: str, right: Right, day: date) -> Unit:
    """The unit with this code on `day` (CODE@day: on that day), with the right checked.

    Errors: PermissionDenied; ApiProblem, with the same 404 for unknown units and those hidden from the caller.
    """
    try:
        return require_right(request.user, right, resolve_code(code, day), request.day)
    except (ValueError, Http404) as error:
        raise ApiProblem(404, *UNKNOWN_UNIT) from error


@dataclass(frozen=True)
class PageCursor:
    """Where a page of a list begins (after the id `after`), and its maximum number of rows."""

    of: str
    after: int
    limit: int

    @classmethod
    def read(cls, request: HttpRequest, of: str) -> "PageCursor":
        """From `cursor` and `limit`, which is capped at 500. Errors: ApiProblem."""
        return cls(of, _after(request.GET.get("cursor", ""), of), _limit(request.GET.get("limit", "")))

    def page(self, request: HttpRequest, rows: Sequence[tuple[int, Any]]) -> dict[str, Any]:
        """The page from up to `limit` + 1 rows (id, item): an extra row means that there is a next page."""
        items = [item for _, item in rows[: self.limit]]
        more = _written(self.of, rows[self.limit - 1][0]) if len(rows) > self.limit else None
        query = {name: value for name, value in request.GET.items() if name != "cursor"}
        link = f"{request.path}?{urlencode(query | {'cursor': more})}" if more else None
        return {"items": items, "next_cursor": more, "next": link}


def _limit(text: str) -> int:
    if not text:
        return USUAL_PAGE
    if not (text.isascii() and text.isdigit() and text.strip("0")):
        raise ApiProblem(400, "bad_limit", "limit là số nguyên từ 1 trở lên; nhiều nhất 500 dòng một lần.")
    return min(int(text.lstrip("0")[:9]), LARGEST_PAGE)


def _written(of: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{of}:{number}".encode()).decode().rstrip("=")


def _after(text: str, of: str) -> int:
    if not text:
        return 0
    try:
        plain = base64.urlsafe_b64decode(text[:_LONGEST_CURSOR] + "=" * (-len(text) % 4)).decode("ascii")
    except ValueError:
        plain = ""
    kind, _, number = plain.partition(":")
    # The canonical encoding only.
    if kind != of or not number.isdigit() or len(number) > 18 or _written(of, int(number)) != text:
        raise ApiProblem(
            400, "bad_cursor", "cursor không phải của danh sách này. Bắt đầu lại không có cursor."
        )
    return int(number)


PARAMETERS = ("unit", "tier", "on", "cursor", "limit")


@endpoint(TokenScope.FIGURES)
def unit_list(request: HttpRequest) -> dict[str, Any]:
    """Visible units by id; filters: `unit` and below, `tier`, active `on` a day."""
    allow_parameters(request, PARAMETERS)
    cursor = PageCursor.read(request, "units")
    units = _requested_units(request).filter(pk__gt=cursor.after).select_related("parent").order_by("pk")
    visible_paths = [membership.unit.path for membership in memberships_of(request.user, request.day)]
    rows = [(unit.pk, _unit_data(request, unit, visible_paths)) for unit in units[: cursor.limit + 1]]
    return cursor.page(request, rows)


def _requested_units(request: HttpRequest) -> QuerySet:
    units, parameters = visible_units(request.user, request.day), request.GET
    if code := parameters.get("unit"):
        units = units.under(unit_on(request, code, Right.READ, request.day))
    if tier := parameters.get("tier"):
        if tier not in Tier.values:
            raise ApiProblem(400, "bad_tier", f"Không có cấp “{tier[:40]}”. Dùng: {', '.join(Tier.values)}.")
        units = units.filter(tier=tier)
    if day := parameters.get("on"):
        try:
            units = units.active_on(parse_day(day))
        except ValueError as error:
            raise ApiProblem(400, "bad_day", str(error)) from error
    return units


def _unit_data(request: HttpRequest, unit: Unit, visible_paths: list[str]) -> dict[str, Any]:
    """`key` names the unit in other endpoints; `parent` is null where the caller may not read it."""
    parent = (
        unit.parent
        if any(unit.path.startswith(path) and unit.path != path for path in visible_paths)
        else None
    )
    return {
        "key": key_on(unit, request.day),
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "tier": unit.tier,
        "parent": key_on(parent, request.day) if parent else None,
        "active_from": unit.active_from.isoformat(),
        "active_until": unit.active_until.isoformat() if unit.active_until else None,
        "reports": unit.reports,
        **detail_texts(unit, IN_API),
    }


urlpatterns = [path("units", unit_list, name="api_units")]
