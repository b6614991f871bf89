"""Pages and files of official forms, and the comparison with an uploaded file."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from core import clock, web
from core.text import ascii_name
from core.web import Right, attachment, requires
from figures.form_definitions import INDICATORS, OfficialForm
from figures.summary import Dates
from records.calendar.queries import stored_calendar
from records.official_form_upload.reader import official_forms
from records.official_form_upload.views import OfficialUpload, official_form
from records.submissions.fetch import submission_or_404, working_edition_or_404
from records.summary.parameters import BadParameter
from reports.dashboard import params
from reports.dashboard.params import PageState, parse_params
from reports.pdf import drawing
from reports.pdf.review_pdf import page_source, redraw_pdf
from spreadsheets.table_writer import KINDS, TableColumn, TableFile, requested_file
from units.access.queries import is_root_administrator
from units.models import Unit
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
    """An official form as a plain table (CSV, JSON); `form_xlsx_bytes` has the official layout."""
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


def _with_state(view: Callable[[HttpRequest, PageState, str], HttpResponse]):
    """Pass the parsed parameters to a view; 400 for invalid ones."""

    @wraps(view)
    def parsed(request: HttpRequest, key: str) -> HttpResponse:
        try:
            state = parse_params(request, of_field=False)
        except BadParameter as error:
            return render(request, "400.html", {"reason": str(error)}, status=400)
        return view(request, state, key)

    return parsed


@requires(Right.READ)
@require_safe
@_with_state
def form_page(request: HttpRequest, state: PageState, key: str) -> HttpResponse:
    """`?unit=&period=` and the rest as on the dashboard; default: the user's own unit and the latest half-year."""
    if file := requested_file(request, {"": lambda: _table(state, key)}):
        return file
    return _page(request, state, key)


def _table(state: PageState, key: str) -> TableFile:
    filled = filled_form_for(state, key)
    return form_file(
        filled, f"bieu-{state.query.unit.code}-{filled.form.key}-{filled.period.code}", clock.now()
    )


def _page(
    request: HttpRequest, state: PageState, key: str, *, refused: str = "", status: int = 200
) -> HttpResponse:
    end = state.query.calendar.bounds(state.query.period)[1]
    forms = official_forms()
    filled = filled_form_for(state, key)
    context = {
        "asked": state,
        "filled": filled,
        "key": key,
        "here": state.link(),
        "others": [(form, form.key == filled.form.key) for form in forms.in_force(end)],
        "faults": forms.faults if is_root_administrator(request.user, request.day) else (),
        "unit_options": web.options(_units(request, state), state.unit_key),
        "period_options": params.period_options(state.query.calendar.month_of(state.day), state.query.period),
        "refused": refused,
    }
    return render(request, "reports/official_forms/form.html", context, status=status)


@requires(Right.READ)
@require_safe
@_with_state
def form_xlsx(request: HttpRequest, state: PageState, key: str) -> HttpResponse:
    """The form as XLSX, with totals and identities as live formulas."""
    filled = filled_form_for(state, key)
    return _file(state.query.unit, filled, form_xlsx_bytes(filled, localtime(clock.now())), "xlsx")


@requires(Right.READ)
@require_safe
@_with_state
def form_pdf(request: HttpRequest, state: PageState, key: str) -> HttpResponse:
    """The form as PDF; 429 while the renderer is busy, 422 where rendering fails."""
    filled, moment = filled_form_for(state, key), clock.now()
    try:
        content = redraw_pdf(page_source({"filled": filled, "demo": settings.DEMO}, moment, TEMPLATE))
    except drawing.PdfNotDrawn as undrawn:
        busy = isinstance(undrawn, drawing.RendererBusy)
        answer = _page(request, state, key, refused=str(undrawn), status=429 if busy else 422)
        if busy:
            answer.headers["Retry-After"] = "60"
        return answer
    return _file(state.query.unit, filled, content, "pdf")


@requires(Right.READ)
@require_safe
def form_of_month(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a unit's month as entered now, drafts too: it can be filled in and uploaded."""
    submission = submission_or_404(request.user, pk, Right.READ, request.day)
    form = official_form(submission)
    filled = fill_from_edition(form, submission.unit, working_edition_or_404(submission), stored_calendar())
    return _file(submission.unit, filled, form_xlsx_bytes(filled, localtime(clock.now())), "xlsx")


def _form(state: PageState, key: str) -> OfficialForm:
    """The form of a key, or its successor at the end of the period; 404 for an unknown key."""
    form = official_forms().on(key, state.query.calendar.bounds(state.query.period)[1])
    if form is None:
        raise Http404
    return form


def filled_form_for(state: PageState, key: str) -> FilledForm:
    """The form of a key, or its successor, with the requested figures; 404 for an unknown key."""
    form = _form(state, key)
    demo = "số liệu minh họa" if settings.DEMO else ""
    if form.of == INDICATORS:
        query = state.query
        period = Dates.of(query.period, query.calendar)
        bounds = query.calendar.bounds(query.period)
        reports = indicator_figures(query.unit, query.period, bounds, form.sources, external=query.external)
        return fill_from_indicators(form, query.unit, period, reports, demo)
    figures, parts = dossier_figures(state.query)
    return fill_from_dossiers(form, state.query.unit, figures, parts, demo)


def _units(request: HttpRequest, state: PageState) -> params.Options:
    start, end = state.query.calendar.bounds(state.query.period)
    above = params.ancestors(params.visible_above(state, request.user))
    below = (
        children_of(state.query.unit, start, end)[: params.MOST_CHILDREN]
        if state.query.unit.has_children
        else []
    )
    named = [("Cấp trên", above), ("Trực thuộc", below)]
    groups = [
        (name, [(params.unit_key_for(state, unit, end), unit.name) for unit in units])
        for name, units in named
        if units
    ]
    return [("Đang xem", [(state.unit_key, state.query.unit.name)]), *groups]


def _file(unit: Unit, filled: FilledForm, content: bytes, suffix: str) -> HttpResponse:
    response = HttpResponse(content, content_type=KINDS.get(suffix, "application/pdf"))
    return attachment(response, ascii_name(f"bieu-{unit.code}-{filled.name(suffix)}"))


@requires(Right.READ)
@_with_state
def compare_upload(request: HttpRequest, state: PageState, key: str) -> HttpResponse:
    """`?unit=&period=` as for the form's page. GET: the upload form; POST `file`: the differing cells (200), or the
    unreadable cells (422; 400 for an unreadable file).
    """
    filled = filled_form_for(state, key)
    form, comparison, status = OfficialUpload(), None, 200
    if request.method == "POST":
        form = OfficialUpload(request.POST, request.FILES)
        status = 422
        if form.is_valid():
            comparison = compare_form(form.cleaned_data["file"].read(), filled, state.query.unit)
            status = _status(comparison)
    context = {
        "asked": state,
        "filled": filled,
        "key": key,
        "here": state.link(),
        "form": form,
        "found": comparison,
        "faults": comparison.faults.listed() if comparison else [],
    }
    return render(request, "reports/official_forms/comparison.html", context, status=status)


def _status(comparison: FormComparison) -> int:
    if not comparison.faults:
        return 200
    return 400 if comparison.unreadable else 422
