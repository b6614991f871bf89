"""/api/v1/: figures and reviews as JSON, and the stored PDF of a review."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import web
from core.database import snapshot
from core.web import Right, attachment
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
    """The Summary of a unit and period; `rows` only with `by`, changes only with `change`."""
    api.allow_parameters(request, KNOWN)
    try:
        state, change = parse_params(request), parse_flag(request.GET, "change")
    except BadParameter as error:
        raise api.ApiProblem(400, error.code, str(error)) from error
    except Http404 as error:
        raise api.ApiProblem(404, *api.UNKNOWN_UNIT) from error
    kind = "json with changes" if change else "json"
    return api.json_response(
        cached(state, [kind], lambda: _figures_json(ShownPeriods(state.query), change=change))
    )


@snapshot()
def _figures_json(shown: ShownPeriods, *, change: bool) -> str:
    figures = summary_queries.summary(shown.query)
    return api.to_json((with_changes(shown, figures) if change else figures).as_dict())


@web.requires(Right.SIGNED_IN)
@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 description."""
    return JsonResponse(openapi.openapi_document(), json_dumps_params={"ensure_ascii": False})


PARAMETERS = ("unit", "period", "state", "cursor", "limit")
UNKNOWN = ("unknown_review", "Không có báo cáo này, hoặc bạn không được xem.")


@api.endpoint(TokenScope.REVIEWS)
def reviews(request: HttpRequest) -> dict[str, Any]:
    """Reviews by id, filtered by `unit` (and below), `period` and `state`."""
    api.allow_parameters(request, PARAMETERS)
    cursor = api.PageCursor.read(request, "reviews")
    rows_query, parameters = visible_reviews(request.user, request.day), request.GET
    if code := parameters.get("unit"):
        below = visible_units(request.user, request.day)
        rows_query = rows_query.filter(
            unit__in=below.under(api.unit_on(request, code, Right.READ, request.day))
        )
    if period := parameters.get("period"):
        rows_query = rows_query.filter(period=_period(period))
    if state := parameters.get("state"):
        if state not in ReviewState.values:
            message = f"Không có trạng thái “{state[:40]}”. Dùng: {', '.join(ReviewState.values)}."
            raise api.ApiProblem(400, "bad_state", message)
        rows_query = rows_query.filter(state=state)
    rows = rows_query.filter(pk__gt=cursor.after).order_by("pk")[: cursor.limit + 1]
    return cursor.page(request, [(row.pk, _review_data(request, row)) for row in rows])


def _period(text: str) -> str:
    try:
        return Period.parse(text).code
    except PeriodError as error:
        raise api.ApiProblem(400, "bad_period", str(error)) from error


@api.endpoint(TokenScope.REVIEWS)
def review(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One review; `frozen` is its document, null before freezing."""
    api.allow_parameters(request, ())
    row = _review_for(request, pk)
    return _review_data(request, row) | {"frozen": row.frozen if row.is_frozen else None}


@api.endpoint(TokenScope.REVIEWS)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The stored PDF of a frozen review."""
    api.allow_parameters(request, ())
    review = _review_for(request, pk)
    if not review.is_frozen:
        raise api.ApiProblem(404, "not_frozen", "Báo cáo chưa chốt số liệu nên chưa có tệp PDF.")
    try:
        content = copies.kept_pdf(review)
    except copies.LostFile as lost:
        raise api.ApiProblem(503, "unavailable", str(lost)) from lost
    name = f"bao-cao-cchc-{review.period}-{review.pk}.pdf"
    return attachment(HttpResponse(content, content_type="application/pdf"), name)


def _review_for(request: HttpRequest, pk: int) -> Review:
    """The review; the same 404 for unknown ids and for reviews that the caller may not see."""
    review = Review.objects.select_related("unit").filter(pk=pk).first() if pk < 2**63 else None
    if review is None or not is_allowed(request.user, Right.READ, review.unit, request.day):
        raise api.ApiProblem(404, *UNKNOWN)
    return review


def _review_data(request: HttpRequest, review: Review) -> dict[str, Any]:
    return {
        "id": review.pk,
        "unit": key_on(review.unit, request.day),
        "name": review.unit.name,
        "period": review.period,
        "title": review.title,
        "state": review.state,
        "number": review.number or None,
        "issued_on": review.issued_on.isoformat() if review.issued_on else None,
        "frozen_at": moment_text(review.frozen_at),
        "pdf": reverse("api_review_pdf", args=[review.pk]) if review.is_frozen else None,
        "pdf_sha256": review.pdf_sha256 or None,
        "replaces": review.replaces_id,
    }
