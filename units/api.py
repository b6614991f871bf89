"""What every address of `/api/v1/` shares (rights, pages by cursor, ETag, problems in place of errors), and
the address of units.
"""

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
    """A request that is refused: status, code for programs, sentence in Vietnamese; `more` goes into the answer."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more

    def answer(self) -> HttpResponse:
        return problem_response(self.status, self.code, self.message, **self.more)


def endpoint(scope: TokenScope, *, methods: Sequence[str] = ("GET",)) -> Callable:
    """Declare a view of the API: it gives plain data, and raises Problem, Http404 or PermissionDenied.

    A token needs `scope` to read and the scope `write` for any other method; rights in units are the view's to check.
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
        told = f"Khóa truy cập này không được: {scope.label.lower()}."
        raise ApiProblem(403, "wrong_scope", told)


def _tagged(request: HttpRequest, found: Any) -> HttpResponse:
    """The data as JSON, or 304 where the caller holds them already."""
    if request.method not in _SAFE:
        # PostgreSQL keeps an answer without the order of its names: repeated, it is the same to the byte.
        return _json(found, sort_keys=True)
    answer = found if isinstance(found, HttpResponse) else _json(found)
    tag = quote_etag(hashlib.sha256(answer.content).hexdigest()[:32])
    answer.headers["ETag"] = tag
    return get_conditional_response(request, etag=tag, response=answer)


def _json(data: Any, **options: Any) -> HttpResponse:
    return json_response(to_json(data, **options))


def to_json(data: Any, **options: Any) -> str:
    """Plain data as the API writes them."""
    return json.dumps(data, ensure_ascii=False, **options)


def json_response(text: str) -> HttpResponse:
    """The answer of an endpoint whose data are written already."""
    return HttpResponse(text, content_type="application/json")


def allow_parameters(request: HttpRequest, names: Iterable[str]) -> None:
    """Refuse parameters that the address does not take: a mistyped filter must not answer with everything."""
    known = tuple(names)
    if unknown := sorted(set(request.GET) - set(known)):
        told = f"Không có tham số “{unknown[0][:40]}”. Dùng: {', '.join(known)}."
        raise ApiProblem(400, "unknown_parameter", told)


def unit_on(request: HttpRequest, code: str, right: Right, day: date) -> Unit:
    """The unit that holds the code on a day (CODE@day: on that one), with the right checked. Errors: Problem, with the
    same 404 for what is unknown and what the caller may not know of; PermissionDenied.
    """
    try:
        return require_right(request.user, right, resolve_code(code, day), request.day)
    except (ValueError, Http404) as error:
        raise ApiProblem(404, *UNKNOWN_UNIT) from error


@dataclass(frozen=True)
class PageCursor:
    """Where a page of a list begins (after the number `after`), and how many rows it holds at most."""

    of: str
    after: int
    limit: int

    @classmethod
    def read(cls, request: HttpRequest, of: str) -> "PageCursor":
        """From `cursor` and `limit`; over 500 rows are 500. Errors: Problem."""
        return cls(of, _after(request.GET.get("cursor", ""), of), _limit(request.GET.get("limit", "")))

    def page(self, request: HttpRequest, rows: Sequence[tuple[int, Any]]) -> dict[str, Any]:
        """The page made of up to `limit` + 1 rows, each with its number: one more says that there is a next page."""
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
    # Only as it was handed out.
    if kind != of or not number.isdigit() or len(number) > 18 or _written(of, int(number)) != text:
        raise ApiProblem(
            400, "bad_cursor", "cursor không phải của danh sách này. Bắt đầu lại không có cursor."
        )
    return int(number)


PARAMETERS = ("unit", "tier", "on", "cursor", "limit")


@endpoint(TokenScope.FIGURES)
def unit_list(request: HttpRequest) -> dict[str, Any]:
    """In the order of their numbers; `unit` and below, of a `tier`, active `on` a day."""
    allow_parameters(request, PARAMETERS)
    cursor = PageCursor.read(request, "units")
    found = _requested_units(request).filter(pk__gt=cursor.after).select_related("parent").order_by("pk")
    seen = [one.unit.path for one in memberships_of(request.user, request.day)]
    rows = [(one.pk, _unit_data(request, one, seen)) for one in found[: cursor.limit + 1]]
    return cursor.page(request, rows)


def _requested_units(request: HttpRequest) -> QuerySet:
    found, given = visible_units(request.user, request.day), request.GET
    if code := given.get("unit"):
        found = found.under(unit_on(request, code, Right.READ, request.day))
    if tier := given.get("tier"):
        if tier not in Tier.values:
            raise ApiProblem(400, "bad_tier", f"Không có cấp “{tier[:40]}”. Dùng: {', '.join(Tier.values)}.")
        found = found.filter(tier=tier)
    if day := given.get("on"):
        try:
            found = found.active_on(parse_day(day))
        except ValueError as error:
            raise ApiProblem(400, "bad_day", str(error)) from error
    return found


def _unit_data(request: HttpRequest, unit: Unit, seen: list[str]) -> dict[str, Any]:
    """`key` names it in any other address; `parent` is null where the caller does not read it."""
    parent = unit.parent if any(unit.path.startswith(path) and unit.path != path for path in seen) else None
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
