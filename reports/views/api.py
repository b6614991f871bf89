"""`/api/v1/`: the figures as JSON in the published shape, and its description. Errors are problem+json."""

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from reports.outlets import openapi
from reports.queries.dashboard import figures_of
from reports.queries.ranking import with_changes
from units import access, api
from units.access import Right
from units.models import Scope

from .asked import BadQuestion, flag, read
from .dashboard import wanted_of

KNOWN = ("unit", "period", "tier", "include", "as_of", "external", "decimals", "by", "basis", "change")


@api.endpoint(Scope.FIGURES)
def summary(request: HttpRequest) -> dict[str, Any]:
    """The Summary of a unit and period; `rows` only with `by`, with `change` where it is asked for."""
    api.only(request, KNOWN)
    try:
        asked = read(request)
        wanted = replace(wanted_of(asked), by=asked.by or None)
        found = figures_of(wanted)
        if flag(request.GET, "change"):
            found = with_changes(wanted, found)
    except BadQuestion as error:
        raise api.Problem(400, error.code, str(error)) from error
    except Http404 as error:
        raise api.Problem(404, *api.UNKNOWN_UNIT) from error
    return found.as_dict()


@access.requires(Right.SIGNED_IN)
@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The description of this interface, OpenAPI 3.1."""
    return JsonResponse(openapi.document(), json_dumps_params={"ensure_ascii": False})
