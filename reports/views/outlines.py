"""The outline of a unit's reviews from a year on: each section with its office and due date."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from cchc_dashboard import clock
from figures.periods import Period, PeriodError
from records.queries.calendar import calendar
from reports.actions import Refused
from reports.actions.outlines import drop_outline, save_outline
from reports.forms.outlines import section_forms
from reports.queries import outlines, reviews
from reports.queries.phrases import section_names
from units import access
from units.access import Right, requires
from units.models import Unit

YEARS_BACK, YEARS_ON = 3, 1


@requires(Right.EDIT)
def outline(request: HttpRequest) -> HttpResponse:
    """The outline that holds for `unit` and `year`; a POST makes it the unit's own from that year on, or with `drop`
    takes the unit's own of that year away.
    """
    given = request.POST if request.method == "POST" else request.GET
    unit, year = _unit(request, given.get("unit", "")), _year(request, given.get("year", ""))
    now = outlines.in_force(unit, year)
    own = now.of is not None and (now.of.unit_id, now.of.year) == (unit.pk, year)
    sent = request.POST if request.method == "POST" and "drop" not in request.POST else None
    offices = outlines.offices(unit, request.day)
    forms = section_forms(sent, now.sections, offices, section_names())
    if request.method == "POST":
        try:
            if "drop" in request.POST:
                drop_outline(unit, year, by=request.user, at=clock.now())
                messages.success(request, "Đã bỏ đề cương riêng.")
                return redirect(_address(unit, year))
            if forms.is_valid():
                save_outline(unit, year, forms.sections(), by=request.user, at=clock.now())
                messages.success(request, f"Đã lưu đề cương của {unit.name} từ năm {year}.")
                return redirect(_address(unit, year))
        except Refused as refused:
            messages.error(request, str(refused))
    end = calendar().bounds(Period.parse(f"{year}-H1"))[1]
    context = {
        "unit": unit,
        "year": year,
        "units": reviews.drafting_units(request.user, request.day),
        "years": range(request.day.year - YEARS_BACK, request.day.year + YEARS_ON + 1),
        "now": now,
        "own": own,
        "forms": forms,
        "dues": [outlines.due_on(one, end) for one in now.sections],
        "begun": outlines.drafts_of(unit, year),
    }
    wrong = request.method == "POST"
    return render(request, "reports/outline.html", context, status=422 if wrong else 200)


def _unit(request: HttpRequest, number: str) -> Unit:
    """The unit asked for, else the first that the reader drafts reviews of; 404 and 403 as everywhere."""
    if number:
        pk = int(number) if number.isdecimal() and len(number) < 19 else 0
        return access.unit_for(request.user, pk, request.day, Right.EDIT)
    units = reviews.drafting_units(request.user, request.day)
    first = units[0] if units else access.home_unit(request.user, request.day)
    return access.check(request.user, Right.EDIT, first, request.day)


def _year(request: HttpRequest, text: str) -> int:
    try:
        return Period.parse(text).first.year if text.isdecimal() else request.day.year
    except PeriodError:
        return request.day.year


def _address(unit: Unit, year: int) -> str:
    return f"{reverse('outline')}?unit={unit.pk}&year={year}"
