"""`/api/v1/units`: the units that the caller may read, each for its span of time."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from units import access, api, queries
from units.access import Right
from units.dates import parse_day
from units.details import IN_API, texts
from units.models import Scope, Tier, Unit

PARAMETERS = ("unit", "tier", "on", "cursor", "limit")


@api.endpoint(Scope.FIGURES)
def units(request: HttpRequest) -> dict[str, Any]:
    """In the order of their numbers; `unit` and below, of a `tier`, active `on` a day."""
    api.only(request, PARAMETERS)
    cursor = api.Cursor.read(request, "units")
    found = _asked(request).filter(pk__gt=cursor.after).select_related("parent").order_by("pk")
    seen = [one.unit.path for one in access.memberships(request.user, request.day)]
    rows = [(one.pk, _told(request, one, seen)) for one in found[: cursor.limit + 1]]
    return cursor.page(request, rows)


def _asked(request: HttpRequest) -> QuerySet:
    found, given = access.visible(request.user, request.day), request.GET
    if code := given.get("unit"):
        found = found.under(api.unit_on(request, code, Right.READ, request.day))
    if tier := given.get("tier"):
        if tier not in Tier.values:
            raise api.Problem(400, "bad_tier", f"Không có cấp “{tier[:40]}”. Dùng: {', '.join(Tier.values)}.")
        found = found.filter(tier=tier)
    if day := given.get("on"):
        try:
            found = found.active_on(parse_day(day))
        except ValueError as error:
            raise api.Problem(400, "bad_day", str(error)) from error
    return found


def _told(request: HttpRequest, unit: Unit, seen: list[str]) -> dict[str, Any]:
    """`key` names it in any other address; `parent` is null where the caller does not read it."""
    parent = unit.parent if any(unit.path.startswith(path) and unit.path != path for path in seen) else None
    return {
        "key": queries.key_on(unit, request.day),
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "tier": unit.tier,
        "parent": queries.key_on(parent, request.day) if parent else None,
        "active_from": unit.active_from.isoformat(),
        "active_until": unit.active_until.isoformat() if unit.active_until else None,
        "reports": unit.reports,
        **texts(unit, IN_API),
    }
