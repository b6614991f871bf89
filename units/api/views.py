"""`/api/v1/units`: the units that the caller may read, each for its span of time."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from core.dates import parse_day
from core.web.rights import Right
from units.access.queries import memberships_of, visible_units
from units.models import Tier, TokenScope, Unit
from units.tree.details import IN_API, detail_texts
from units.tree.queries import key_on

from . import endpoint

PARAMETERS = ("unit", "tier", "on", "cursor", "limit")


@endpoint.endpoint(TokenScope.FIGURES)
def unit_list(request: HttpRequest) -> dict[str, Any]:
    """In the order of their numbers; `unit` and below, of a `tier`, active `on` a day."""
    endpoint.allow_parameters(request, PARAMETERS)
    cursor = endpoint.PageCursor.read(request, "units")
    found = _requested_units(request).filter(pk__gt=cursor.after).select_related("parent").order_by("pk")
    seen = [one.unit.path for one in memberships_of(request.user, request.day)]
    rows = [(one.pk, _unit_data(request, one, seen)) for one in found[: cursor.limit + 1]]
    return cursor.page(request, rows)


def _requested_units(request: HttpRequest) -> QuerySet:
    found, given = visible_units(request.user, request.day), request.GET
    if code := given.get("unit"):
        found = found.under(endpoint.unit_on(request, code, Right.READ, request.day))
    if tier := given.get("tier"):
        if tier not in Tier.values:
            raise endpoint.ApiProblem(
                400, "bad_tier", f"Không có cấp “{tier[:40]}”. Dùng: {', '.join(Tier.values)}."
            )
        found = found.filter(tier=tier)
    if day := given.get("on"):
        try:
            found = found.active_on(parse_day(day))
        except ValueError as error:
            raise endpoint.ApiProblem(400, "bad_day", str(error)) from error
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
