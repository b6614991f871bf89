"""`/api/v1/reviews`: reviews with their state, what was frozen, and the kept file."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from figures.periods import Period, PeriodError
from records.queries.interchange import moment
from reports.models import Review, ReviewState
from reports.outlets import copies
from reports.queries import reviews as queries
from units import access, api
from units.access import Right
from units.models import Scope
from units.queries import key_on

PARAMETERS = ("unit", "period", "state", "cursor", "limit")
UNKNOWN = ("unknown_review", "Không có báo cáo này, hoặc bạn không được xem.")


@api.endpoint(Scope.REVIEWS)
def reviews(request: HttpRequest) -> dict[str, Any]:
    """In the order of their numbers: of `unit` and below, of a `period`, in a `state`."""
    api.only(request, PARAMETERS)
    cursor = api.Cursor.read(request, "reviews")
    found, given = queries.visible(request.user, request.day), request.GET
    if code := given.get("unit"):
        below = access.visible(request.user, request.day)
        found = found.filter(unit__in=below.under(api.unit_on(request, code, Right.READ, request.day)))
    if period := given.get("period"):
        found = found.filter(period=_period(period))
    if state := given.get("state"):
        if state not in ReviewState.values:
            told = f"Không có trạng thái “{state[:40]}”. Dùng: {', '.join(ReviewState.values)}."
            raise api.Problem(400, "bad_state", told)
        found = found.filter(state=state)
    rows = found.filter(pk__gt=cursor.after).order_by("pk")[: cursor.limit + 1]
    return cursor.page(request, [(one.pk, _told(request, one)) for one in rows])


def _period(text: str) -> str:
    try:
        return Period.parse(text).code
    except PeriodError as error:
        raise api.Problem(400, "bad_period", str(error)) from error


@api.endpoint(Scope.REVIEWS)
def review(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One review; `frozen` holds its document once its figures are closed, and is null before."""
    api.only(request, ())
    found = _review_for(request, pk)
    return _told(request, found) | {"frozen": found.frozen if found.is_frozen else None}


@api.endpoint(Scope.REVIEWS)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The kept file of a frozen review, byte for byte."""
    api.only(request, ())
    found = _review_for(request, pk)
    if not found.is_frozen:
        raise api.Problem(404, "not_frozen", "Báo cáo chưa chốt số liệu nên chưa có tệp PDF.")
    try:
        content = copies.kept(found)
    except copies.Lost as lost:
        raise api.Problem(503, "unavailable", str(lost)) from lost
    name = f"bao-cao-cchc-{found.period}-{found.pk}.pdf"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/pdf", headers=disposition)


def _review_for(request: HttpRequest, pk: int) -> Review:
    """The same 404 for what is unknown and what the caller may not know of."""
    found = Review.objects.select_related("unit").filter(pk=pk).first() if pk < 2**63 else None
    if found is None or not access.allowed(request.user, Right.READ, found.unit, request.day):
        raise api.Problem(404, *UNKNOWN)
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
        "frozen_at": moment(found.frozen_at),
        "pdf": reverse("api_review_pdf", args=[found.pk]) if found.is_frozen else None,
        "pdf_sha256": found.pdf_sha256 or None,
        "replaces": found.replaces_id,
    }
