"""`/api/v1/`: reporting months with their days, and the catalogue of fields and procedures."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from figures.periods import Calendar, Month, Period, PeriodError
from records.models import Field, FieldScope, Procedure, ProcedureScope
from records.queries.calendar import DueDates, calendar
from units import api
from units.models import Scope, Tier

# Months that are told where nobody asks for others: the running one and those before it.
USUAL_MONTHS = 24
LONGEST_PERIOD = 120


@api.endpoint(Scope.FIGURES)
def periods(request: HttpRequest) -> dict[str, Any]:
    """The reporting months of `period` with their first and last day, and when each tier's reports are due."""
    api.only(request, ("period", "cursor", "limit"))
    days = calendar()
    cursor = api.Cursor.read(request, "periods")
    months = [one for one in _months(request, days) if one.number > cursor.after][: cursor.limit + 1]
    due = DueDates(days)
    return cursor.page(request, [(one.number, _month(one, days, due)) for one in months])


def _months(request: HttpRequest, days: Calendar) -> tuple[Month, ...]:
    code = request.GET.get("period", "")
    if not code:
        now = days.month_of(request.day)
        return Month.range(now.plus(1 - USUAL_MONTHS), now)
    try:
        months = Period.parse(code).months
        days.span(months[0]), days.span(months[-1])
    except PeriodError as error:
        raise api.Problem(400, "bad_period", str(error)) from error
    if len(months) > LONGEST_PERIOD:
        raise api.Problem(400, "bad_period", f"Kỳ quá dài: nhiều nhất {LONGEST_PERIOD} tháng.")
    return months


def _month(month: Month, days: Calendar, due: DueDates) -> dict[str, Any]:
    span = days.span(month)
    return {
        "code": str(month),
        "from": span.start.isoformat(),
        "to": span.end.isoformat(),
        "irregular": span.irregular,
        "due_on": {tier: due.of(tier, month).isoformat() for tier in Tier.values},
    }


@api.endpoint(Scope.FIGURES)
def fields(request: HttpRequest) -> dict[str, Any]:
    """The fields of the catalogue: for which tiers, through which channels, from when to when."""
    return _listed(request, "fields", Field.objects.prefetch_related("scopes"), _field)


@api.endpoint(Scope.FIGURES)
def procedures(request: HttpRequest) -> dict[str, Any]:
    """The procedures of the catalogue, each with its field."""
    found = Procedure.objects.select_related("field").prefetch_related("scopes")
    return _listed(request, "procedures", found, _procedure)


def _listed(request: HttpRequest, of: str, found: QuerySet, told) -> dict[str, Any]:
    api.only(request, ("cursor", "limit"))
    cursor = api.Cursor.read(request, of)
    rows = found.filter(pk__gt=cursor.after).order_by("pk")[: cursor.limit + 1]
    return cursor.page(request, [(one.pk, told(one)) for one in rows])


def _field(field: Field) -> dict[str, Any]:
    return {
        "code": field.code,
        "name": field.name,
        "order": field.order,
        "scopes": [_scope(one) for one in _in_order(field.scopes.all())],
    }


def _procedure(procedure: Procedure) -> dict[str, Any]:
    return {
        "code": procedure.code,
        "name": procedure.name,
        "field": procedure.field.code,
        "scopes": [
            _scope(one) | {"online_level": one.online_level or None, "posted": one.posted}
            for one in _in_order(procedure.scopes.all())
        ],
    }


def _in_order(scopes: Iterable[FieldScope | ProcedureScope]) -> list[FieldScope | ProcedureScope]:
    return sorted(scopes, key=lambda one: (one.valid_from, one.pk))


def _scope(scope: FieldScope | ProcedureScope) -> dict[str, Any]:
    """`tier` and `channels` are null where the row leaves them open: all of them, or those of the field."""
    return {
        "tier": scope.tier or None,
        "channels": scope.channels.split() or None,
        "valid_from": scope.valid_from.isoformat(),
        "valid_until": scope.valid_until.isoformat() if scope.valid_until else None,
    }
