"""`/api/v1/`: the figures as JSON in the published shape, and its description. Errors are problem+json."""

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from reports.outlets import openapi
from reports.queries.dashboard import Wanted, figures_of
from reports.queries.ranking import with_changes
from units import access, api
from units.access import Right
from units.models import Scope
from units.snapshot import snapshot

from .asked import BadQuestion, flag, read
from .dashboard import wanted_of
from .remembered import remembered

KNOWN = ("unit", "period", "tier", "include", "as_of", "external", "decimals", "by", "basis", "change")


@api.endpoint(Scope.FIGURES)
def summary(request: HttpRequest) -> HttpResponse:
    """The Summary of a unit and period; `rows` only with `by`, with `change` where it is asked for."""
    api.only(request, KNOWN)
    try:
        asked, change = read(request), flag(request.GET, "change")
        wanted = replace(wanted_of(asked), by=asked.by or None)
    except BadQuestion as error:
        raise api.Problem(400, error.code, str(error)) from error
    except Http404 as error:
        raise api.Problem(404, *api.UNKNOWN_UNIT) from error
    kind = "json with changes" if change else "json"
    return api.as_written(remembered(asked, [kind], lambda: _written(wanted, change=change)))


@snapshot()
def _written(wanted: Wanted, *, change: bool) -> str:
    found = figures_of(wanted)
    return api.written((with_changes(wanted, found) if change else found).as_dict())


@access.requires(Right.SIGNED_IN)
@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The description of this interface, OpenAPI 3.1."""
    return JsonResponse(openapi.document(), json_dumps_params={"ensure_ascii": False})
