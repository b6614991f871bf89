"""Pages and files of official forms, and the comparison with an uploaded one."""

import re
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from core import clock, web
from core.web import Right, requires
from figures.official_forms import INDICATORS, OfficialForm
from figures.summary import Dates
from records.calendar.queries import stored_calendar
from records.official_form.reader import official_forms
from records.official_form.views import OfficialUpload, official_form
from records.submissions.fetch import submission_or_404, working_edition_or_404
from records.summary.parameters import BadParameter
from reports.dashboard import params
from reports.dashboard.params import PageState, parse_params
from reports.pdf import drawing
from reports.pdf.files import page_source, redraw_pdf
from spreadsheets.table_writer import KINDS, TableColumn, TableFile, requested_file
from units.access.queries import is_root_administrator
from units.tree.queries import children_of

from .filled_form import (
    TEMPLATE,
    FilledForm,
    FormComparison,
    compare_form,
    dossier_figures,
    fill_from_dossiers,
    fill_from_edition,
    fill_from_indicators,
    form_xlsx_bytes,
    indicator_figures,
)


def form_file(filled: FilledForm, name: str, at: datetime) -> TableFile:
    """An official form as a plain table (CSV, JSON): its XLSX has the form's own layout."""
    columns = (
        TableColumn("mark", "TT"),
        TableColumn("name", filled.form.name_head, width=40),
        *(TableColumn(f"column_{column.number}", column.title) for column in filled.form.columns),
    )
    rows = ((row.mark, row.name, *row.cells) for row in filled.rows)
    source = [*filled.sources, *(("Ghi chú", note) for note in filled.notes)]
    if filled.broken:
        source.append(("Chỗ chưa khớp", "; ".join(filled.broken)))
    return TableFile(name, f"{filled.form.code}, {filled.period.label}", columns, rows, at, source)


_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@requires(Right.READ)
@require_safe
def form_page(request: HttpRequest, key: str) -> HttpResponse:
    """`?unit=&period=` and the rest as on the dashboard; without them the reader's own unit and the latest half."""
    try:
        asked = parse_params(request, of_field=False)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    if file := requested_file(request, {"": lambda: _table(asked, key)}):
        return file
    return _page(request, asked, key)


def _table(asked: PageState, key: str) -> TableFile:
    filled = filled_form_for(asked, key)
    return form_file(
        filled, f"bieu-{asked.query.unit.code}-{filled.form.key}-{filled.period.code}", clock.now()
    )


def _page(
    request: HttpRequest, asked: PageState, key: str, *, refused: str = "", status: int = 200
) -> HttpResponse:
    end = asked.query.calendar.bounds(asked.query.period)[1]
    known = official_forms()
    filled = filled_form_for(asked, key)
    context = {
        "asked": asked,
        "filled": filled,
        "key": key,
        "here": asked.link(),
        "others": [(form, form.key == filled.form.key) for form in known.in_force(end)],
        "faults": known.faults if is_root_administrator(request.user, request.day) else (),
        "unit_options": web.options(_units(request, asked), asked.unit_key),
        "period_options": params.period_options(asked.query.calendar.month_of(asked.day), asked.query.period),
        "refused": refused,
    }
    return render(request, "reports/official_forms/form.html", context, status=status)


@requires(Right.READ)
@require_safe
def form_xlsx(request: HttpRequest, key: str) -> HttpResponse:
    """The form with its totals and identities as live formulas."""
    try:
        asked = parse_params(request, of_field=False)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    filled = filled_form_for(asked, key)
    return _file(asked, filled, form_xlsx_bytes(filled, localtime(clock.now())), KINDS["xlsx"], "xlsx")


@requires(Right.READ)
@require_safe
def form_pdf(request: HttpRequest, key: str) -> HttpResponse:
    """The form as it is printed; 429 while others are drawn, 422 where it cannot be."""
    try:
        asked = parse_params(request, of_field=False)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    filled, moment = filled_form_for(asked, key), clock.now()
    try:
        drawn = redraw_pdf(page_source({"filled": filled, "demo": settings.DEMO}, moment, TEMPLATE))
    except drawing.PdfNotDrawn as undrawn:
        busy = isinstance(undrawn, drawing.RendererBusy)
        answer = _page(request, asked, key, refused=str(undrawn), status=429 if busy else 422)
        if busy:
            answer.headers["Retry-After"] = "60"
        return answer
    return _file(asked, filled, drawn, "application/pdf", "pdf")


@requires(Right.READ)
@require_safe
def form_of_month(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of one unit's month as it is entered now, drafts too: to be filled in and read back."""
    found = submission_or_404(request.user, pk, Right.READ, request.day)
    form = official_form(found)
    filled = fill_from_edition(form, found.unit, working_edition_or_404(found), stored_calendar())
    response = HttpResponse(form_xlsx_bytes(filled, localtime(clock.now())), content_type=KINDS["xlsx"])
    name = _UNSAFE.sub("-", f"bieu-{found.unit.code}-{filled.name('xlsx')}")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _form(asked: PageState, key: str) -> OfficialForm:
    """The form of a key, or what has taken its place by the end of the period; 404 for one that nobody knows."""
    found = official_forms().on(key, asked.query.calendar.bounds(asked.query.period)[1])
    if found is None:
        raise Http404
    return found


def filled_form_for(asked: PageState, key: str) -> FilledForm:
    """The form of a key, or what has taken its place, with the figures that are asked for; 404 for an unknown one."""
    form = _form(asked, key)
    demo = "số liệu minh họa" if settings.DEMO else ""
    if form.of == INDICATORS:
        query = asked.query
        period = Dates.of(query.period, query.calendar)
        bounds = query.calendar.bounds(query.period)
        found = indicator_figures(query.unit, query.period, bounds, form.sources, external=query.external)
        return fill_from_indicators(form, query.unit, period, found, demo)
    now, parts = dossier_figures(asked.query)
    return fill_from_dossiers(form, asked.query.unit, now, parts, demo)


def _units(request: HttpRequest, asked: PageState) -> params.Options:
    start, end = asked.query.calendar.bounds(asked.query.period)
    above = params.ancestors(params.visible_above(asked, request.user))
    below = (
        children_of(asked.query.unit, start, end)[: params.MOST_CHILDREN]
        if asked.query.unit.has_children
        else []
    )
    named = [("Cấp trên", above), ("Trực thuộc", below)]
    groups = [
        (name, [(params.unit_key_for(asked, one, end), one.name) for one in ones])
        for name, ones in named
        if ones
    ]
    return [("Đang xem", [(asked.unit_key, asked.query.unit.name)]), *groups]


def _file(asked: PageState, filled: FilledForm, content: bytes, kind: str, suffix: str) -> HttpResponse:
    """To save, under a name of plain letters (acceptance S28)."""
    response = HttpResponse(content, content_type=kind)
    name = _UNSAFE.sub("-", f"bieu-{asked.query.unit.code}-{filled.name(suffix)}")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@requires(Right.READ)
def compare_upload(request: HttpRequest, key: str) -> HttpResponse:
    """`?unit=&period=` as of the form's page. GET: a box for a file; POST `file`: every cell that differs (200), or
    that cannot be read (422; 400 where the file cannot be read at all).
    """
    try:
        asked = parse_params(request, of_field=False)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    filled = filled_form_for(asked, key)
    form, found, status = OfficialUpload(), None, 200
    if request.method == "POST":
        form = OfficialUpload(request.POST, request.FILES)
        status = 422
        if form.is_valid():
            found = compare_form(form.cleaned_data["file"].read(), filled, asked.query.unit)
            status = _status(found)
    context = {
        "asked": asked,
        "filled": filled,
        "key": key,
        "here": asked.link(),
        "form": form,
        "found": found,
        "faults": found.faults.told() if found else [],
    }
    return render(request, "reports/official_forms/comparison.html", context, status=status)


def _status(found: FormComparison) -> int:
    if not found.faults:
        return 200
    return 400 if found.unreadable else 422
