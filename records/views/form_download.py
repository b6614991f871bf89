"""The Excel form out: for one month of a unit, or a workbook with a sheet for each unit below one."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from figures.periods import Month
from records.forms.uploads import FormUpload
from records.queries import board
from records.queries.calendar import calendar
from records.queries.catalogue import Catalogue
from units import access
from units.access import Right
from units.models import Role, Unit

from .fetch import submission_for
from .form_months import form_file, forms_of
from .form_upload import page_of, take

MONTHS = 12
# A workbook comes back through the gate of uploads, which takes 200 parts.
MOST_SHEETS = 150


@access.requires(Right.READ)
@require_safe
def form_xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a month, with what is stored now."""
    found = submission_for(request.user, pk, Right.READ, request.day)
    month = Month.from_number(found.month)
    return form_file(forms_of([found.unit], month, Catalogue(calendar())), found.unit.code, month)


@access.requires(Right.SIGNED_IN)
def forms_home(request: HttpRequest) -> HttpResponse:
    """GET: choose unit and month of a workbook. POST `file`: a workbook with sheets of the reader's own units."""
    if request.method == "POST":
        return take(request, None, **_choices(request))
    return page_of(request, None, FormUpload(), **_choices(request))


@access.requires(Right.READ)
@require_safe
def forms_xlsx(request: HttpRequest) -> HttpResponse:
    """`?unit=7&month=2022-M07`: a sheet for each unit at and below this one that owes a report of the month."""
    number, days = request.GET.get("unit", ""), calendar()
    plain = number.isascii() and number.isdigit() and len(number) <= 18
    unit = access.unit_for(request.user, int(number) if plain else 0, request.day)
    months = board.ended_months(request.day, days, MONTHS)
    month = next((one for one in months if str(one) == request.GET.get("month")), None)
    if month is None:
        raise Http404
    span = days.span(month)
    owing = Unit.objects.under(unit).expected_within(span.start, span.end).order_by("tier", "code", "pk")
    below = list(owing[: MOST_SHEETS + 1])
    if below and len(below) <= MOST_SHEETS:
        return form_file(forms_of(below, month, Catalogue(days)), unit.code, month)
    told = (
        f"{unit.name} có hơn {MOST_SHEETS} đơn vị báo cáo. Hãy chọn đơn vị cấp dưới."
        if below
        else f"Không có đơn vị nào của {unit.name} phải báo cáo {month.label}."
    )
    return page_of(request, None, FormUpload(), status=400, told=told, **_choices(request))


def _choices(request: HttpRequest) -> dict[str, Any]:
    """Units that the reader may ask a workbook of: those held, and the groups right below; and the months."""
    held = access.memberships(request.user, request.day)
    units = {one.unit_id: one.unit for one in held}
    for unit in Unit.objects.filter(parent__in=list(units), has_children=True).order_by("code", "pk"):
        units.setdefault(unit.pk, unit)
    return {
        "units": list(units.values()),
        "months": list(reversed(board.ended_months(request.day, calendar(), MONTHS))),
        "clerk": any(one.role == Role.CLERK for one in held),
    }
