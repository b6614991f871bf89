"""/api/v1/: figures and reviews as JSON, and the kept file of a review."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import web
from core.database import snapshot
from core.web import Right
from figures.periods import Period, PeriodError
from records.submissions.payload import moment_text
from records.summary import queries as summary_queries
from records.summary.parameters import BadParameter, parse_flag
from reports.dashboard.cache import cached
from reports.dashboard.params import parse_params
from reports.dashboard.queries import ShownPeriods, with_changes
from reports.models import Review, ReviewState
from reports.printing import copies
from reports.review_access import visible_reviews
from units import api
from units.access.queries import is_allowed, visible_units
from units.models import TokenScope
from units.tree.queries import key_on

from . import openapi

KNOWN = ("unit", "period", "tier", "include", "as_of", "external", "decimals", "by", "basis", "change")


@api.endpoint(TokenScope.FIGURES)
def summary(request: HttpRequest) -> HttpResponse:
    """The Summary of a unit and period; `rows` only with `by`, with `change` where it is asked for."""
    api.allow_parameters(request, KNOWN)
    try:
        asked, change = parse_params(request), parse_flag(request.GET, "change")
    except BadParameter as error:
        raise api.ApiProblem(400, error.code, str(error)) from error
    except Http404 as error:
        raise api.ApiProblem(404, *api.UNKNOWN_UNIT) from error
    kind = "json with changes" if change else "json"
    return api.json_response(
        cached(asked, [kind], lambda: _written(ShownPeriods(asked.query), change=change))
    )


@snapshot()
def _written(shown: ShownPeriods, *, change: bool) -> str:
    found = summary_queries.summary(shown.query)
    return api.to_json((with_changes(shown, found) if change else found).as_dict())


@web.requires(Right.SIGNED_IN)
@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The description of this interface, OpenAPI 3.1."""
    return JsonResponse(openapi.openapi_document(), json_dumps_params={"ensure_ascii": False})


PARAMETERS = ("unit", "period", "state", "cursor", "limit")
UNKNOWN = ("unknown_review", "Không có báo cáo này, hoặc bạn không được xem.")


@api.endpoint(TokenScope.REVIEWS)
def reviews(request: HttpRequest) -> dict[str, Any]:
    """In the order of their numbers: of `unit` and below, of a `period`, in a `state`."""
    api.allow_parameters(request, PARAMETERS)
    cursor = api.PageCursor.read(request, "reviews")
    found, given = visible_reviews(request.user, request.day), request.GET
    if code := given.get("unit"):
        below = visible_units(request.user, request.day)
        found = found.filter(unit__in=below.under(api.unit_on(request, code, Right.READ, request.day)))
    if period := given.get("period"):
        found = found.filter(period=_period(period))
    if state := given.get("state"):
        if state not in ReviewState.values:
            told = f"Không có trạng thái “{state[:40]}”. Dùng: {', '.join(ReviewState.values)}."
            raise api.ApiProblem(400, "bad_state", told)
        found = found.filter(state=state)
    rows = found.filter(pk__gt=cursor.after).order_by("pk")[: cursor.limit + 1]
    return cursor.page(request, [(row.pk, _told(request, row)) for row in rows])


def _period(text: str) -> str:
    try:
        return Period.parse(text).code
    except PeriodError as error:
        raise api.ApiProblem(400, "bad_period", str(error)) from error


@api.endpoint(TokenScope.REVIEWS)
def review(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One review; `frozen` holds its document once its figures are closed, and is null before."""
    api.allow_parameters(request, ())
    found = _review_for(request, pk)
    return _told(request, found) | {"frozen": found.frozen if found.is_frozen else None}


@api.endpoint(TokenScope.REVIEWS)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The kept file of a frozen review, byte for byte."""
    api.allow_parameters(request, ())
    found = _review_for(request, pk)
    if not found.is_frozen:
        raise api.ApiProblem(404, "not_frozen", "Báo cáo chưa chốt số liệu nên chưa có tệp PDF.")
    try:
        content = copies.kept_pdf(found)
    except copies.LostFile as lost:
        raise api.ApiProblem(503, "unavailable", str(lost)) from lost
    name = f"bao-cao-cchc-{found.period}-{found.pk}.pdf"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/pdf", headers=disposition)


def _review_for(request: HttpRequest, pk: int) -> Review:
    """The same 404 for what is unknown and what the caller may not know of."""
    found = Review.objects.select_related("unit").filter(pk=pk).first() if pk < 2**63 else None
    if found is None or not is_allowed(request.user, Right.READ, found.unit, request.day):
        raise api.ApiProblem(404, *UNKNOWN)
    return found


def _told(request: HttpRequest, found: Review) -> dict[str, Any]:
    return {
        "id": found.pk,
        "unit": key_on(found.unit, request.day),
        "name": found.unit.name,
        "period": found.period,
        "title": found.title,
        "state": found.state,
        "number": found.number or None,
        "issued_on": found.issued_on.isoformat() if found.issued_on else None,
        "frozen_at": moment_text(found.frozen_at),
        "pdf": reverse("api_review_pdf", args=[found.pk]) if found.is_frozen else None,
        "pdf_sha256": found.pdf_sha256 or None,
        "replaces": found.replaces_id,
    }
