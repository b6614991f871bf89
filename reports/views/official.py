"""Official forms of a unit and period: the page, and the same as XLSX and PDF."""

import re

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from cchc_dashboard import clock
from figures.forms import INDICATORS, Form
from figures.summary import Dates
from records.queries.calendar import calendar
from records.queries.official_forms import forms
from records.views.fetch import submission_for, worked_on
from records.views.official import official_form
from reports.outlets import markup, pdf
from reports.outlets.filled_form import TEMPLATE, Filled, of_dossiers, of_edition, of_indicators, xlsx_bytes
from reports.outlets.page_tables import form_file
from reports.queries import official
from units import access, queries
from units.access import Right, requires
from units.tablefile import TableFile, file_of

from . import choices
from .asked import Asked, BadQuestion, read
from .exports import XLSX

_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@requires(Right.READ)
@require_safe
def form_page(request: HttpRequest, key: str) -> HttpResponse:
    """`?unit=&period=` and the rest as on the dashboard; without them the reader's own unit and the latest half."""
    try:
        asked = read(request)
    except BadQuestion as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    if file := file_of(request, {"": lambda: _table(asked, key)}):
        return file
    return _page(request, asked, key)


def _table(asked: Asked, key: str) -> TableFile:
    filled = filled_of(asked, key)
    return form_file(filled, f"bieu-{asked.unit.code}-{filled.form.key}-{filled.period.code}", clock.now())


def _page(
    request: HttpRequest, asked: Asked, key: str, *, refused: str = "", status: int = 200
) -> HttpResponse:
    end = asked.calendar.bounds(asked.period)[1]
    known = forms()
    filled = filled_of(asked, key)
    context = {
        "asked": asked,
        "filled": filled,
        "key": key,
        "here": asked.link(),
        "others": [(form, form.key == filled.form.key) for form in known.in_force(end)],
        "faults": known.faults if access.is_root_administrator(request.user, request.day) else (),
        "unit_options": markup.options(_units(request, asked), asked.unit_key),
        "period_options": choices.periods(asked.calendar.month_of(asked.day), asked.period),
        "refused": refused,
    }
    return render(request, "reports/official/page.html", context, status=status)


@requires(Right.READ)
@require_safe
def form_xlsx(request: HttpRequest, key: str) -> HttpResponse:
    """The form with its totals and identities as live formulas."""
    try:
        asked = read(request)
    except BadQuestion as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    filled = filled_of(asked, key)
    return _file(asked, filled, xlsx_bytes(filled, localtime(clock.now())), XLSX, "xlsx")


@requires(Right.READ)
@require_safe
def form_pdf(request: HttpRequest, key: str) -> HttpResponse:
    """The form as it is printed; 429 while others are drawn, 422 where it cannot be."""
    try:
        asked = read(request)
    except BadQuestion as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    filled, moment = filled_of(asked, key), clock.now()
    try:
        drawn = pdf.redraw(pdf.form({"filled": filled, "demo": settings.DEMO}, moment, TEMPLATE))
    except pdf.NotDrawn as undrawn:
        busy = isinstance(undrawn, pdf.Busy)
        answer = _page(request, asked, key, refused=str(undrawn), status=429 if busy else 422)
        if busy:
            answer.headers["Retry-After"] = "60"
        return answer
    return _file(asked, filled, drawn, "application/pdf", "pdf")


@requires(Right.READ)
@require_safe
def form_of_month(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of one unit's month as it is entered now, drafts too: to be filled in and read back."""
    found = submission_for(request.user, pk, Right.READ, request.day)
    form = official_form(found)
    filled = of_edition(form, found.unit, worked_on(found), calendar())
    response = HttpResponse(xlsx_bytes(filled, localtime(clock.now())), content_type=XLSX)
    name = _UNSAFE.sub("-", f"bieu-{found.unit.code}-{filled.name('xlsx')}")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _form(asked: Asked, key: str) -> Form:
    """The form of a key, or what has taken its place by the end of the period; 404 for one that nobody knows."""
    found = forms().on(key, asked.calendar.bounds(asked.period)[1])
    if found is None:
        raise Http404
    return found


def filled_of(asked: Asked, key: str) -> Filled:
    """The form of a key, or what has taken its place, with the figures that are asked for; 404 for an unknown one."""
    form = _form(asked, key)
    demo = "số liệu minh họa" if settings.DEMO else ""
    if form.of == INDICATORS:
        period = Dates.of(asked.period, asked.calendar)
        bounds = asked.calendar.bounds(asked.period)
        found = official.indicators(asked.unit, asked.period, bounds, form.sources, external=asked.external)
        return of_indicators(form, asked.unit, period, found, demo)
    now, parts = official.dossiers(
        asked.unit,
        asked.period,
        include=asked.include,
        external=asked.external,
        decimals=asked.decimals,
        calendar=asked.calendar,
        as_of=asked.as_of,
        today=asked.units_of,
    )
    return of_dossiers(form, asked.unit, now, parts, demo)


def _units(request: HttpRequest, asked: Asked) -> choices.Options:
    start, end = asked.calendar.bounds(asked.period)
    above = choices.ancestors(choices.visible_above(asked, request.user))
    below = (
        queries.children_of(asked.unit, start, end)[: choices.MOST_CHILDREN]
        if asked.unit.has_children
        else []
    )
    named = [("Cấp trên", above), ("Trực thuộc", below)]
    groups = [
        (name, [(choices.key_of(asked, one, end), one.name) for one in ones]) for name, ones in named if ones
    ]
    return [("Đang xem", [(asked.unit_key, asked.unit.name)]), *groups]


def _file(asked: Asked, filled: Filled, content: bytes, kind: str, suffix: str) -> HttpResponse:
    """To save, under a name of plain letters (acceptance S28)."""
    response = HttpResponse(content, content_type=kind)
    name = _UNSAFE.sub("-", f"bieu-{asked.unit.code}-{filled.name(suffix)}")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
