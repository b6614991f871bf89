"""The dashboard page, the search for a unit on it, its chart JSON, CSV and XLSX."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from accounts.models import User
from core import clock, web
from core.database import snapshot
from core.text import ascii_name, clean_text
from core.web import Right, attachment, page_of, problem_response
from figures import formatting
from figures.rates import Placement, rates_in
from figures.summary import Summary
from records.summary.figures_query import FiguresQuery
from records.summary.parameters import LONGEST, BadParameter
from records.summary.queries import summary
from reports import charts
from reports.charts import Chart, ChartJson
from reports.review_text import sentences
from reports.tables.columns import FlatTable, flat_table
from reports.tables.files import table_csv_bytes, table_xlsx_bytes
from spreadsheets.table_writer import KINDS, requested_file
from units.access.queries import visible_units
from units.lifecycle.views import unit_state
from units.models import Unit
from units.succession import stored_lineage
from units.tree.queries import search_units

from . import blocks, params, table
from .cache import cached
from .files import DashboardTables
from .params import PageState, parse_params, stable_unit_key
from .queries import (
    ShownPeriods,
    current_and_past,
    frozen_review_for,
    month_reports,
    past_figures,
    reported_indicators,
    with_changes,
)
from .table import table_page


@web.requires(Right.READ)
@require_safe
def find_unit(request: HttpRequest) -> HttpResponse:
    """The units whose name contains `?find=`, linked to the same view of each; redirects to a single match."""
    try:
        state = parse_params(request, of_field=False)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    text = clean_text(request.GET.get("find", ""))[:LONGEST]
    units = visible_units(request.user, request.day)
    units = (units & search_units(text)).order_by(F("active_until").desc(nulls_first=True), "folded", "pk")
    page = page_of(request, units if text else units.none())
    if page.paginator.count == 1:
        return redirect(_way(state, page[0]))
    names = Unit.objects.in_bulk({pk for unit in page for pk in unit.ancestor_ids()})
    rows = [
        {
            "unit": unit,
            "href": _way(state, unit),
            "above": ", ".join(names[pk].name for pk in reversed(unit.ancestor_ids())),
            "state": unit_state(unit, request.day),
        }
        for unit in page
    ]
    context = {"page": page, "rows": rows, "text": text, "kept": kept_params(state), "back": state.link()}
    return render(request, "reports/dashboard/found_units.html", context)


def kept_params(state: PageState) -> list[tuple[str, str]]:
    """Hidden fields of the unit search: the view's parameters without those of its table."""
    return state.pairs(by="", tier="", field="", sort="", q="", page="")


def _way(state: PageState, unit: Unit) -> str:
    key = stable_unit_key(unit, state.query.calendar.bounds(state.query.period)[1])
    link = state.link(unit=key, by="", tier="", field="", sort="", q="")
    return f"{reverse('dashboard')}{link}"


MOST_NAMED = 3  # units named in the lead; the others are folded below it
MOST_MISSING = 100  # missing reports looked up to name their units; beyond that, rows show a count
LEGEND = list(charts.CHANNELS.values())


@web.requires(Right.READ)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page at "/"; 400 with a reason for an invalid address."""
    try:
        state = parse_params(request)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    shown = ShownPeriods(replace(state.query, by=state.rows_by, most_named=MOST_MISSING))
    if file := requested_file(request, DashboardTables(state, shown).by_name()):
        return file
    above = params.visible_above(state, request.user)
    reach = [*above, *params.membership_paths(state, request.user)]
    body = cached(state, reach, lambda: _drawn(state, shown, above, request.user))
    title = f"{state.query.unit.name}, {state.query.period.label}"
    return render(request, "reports/dashboard/dashboard.html", {"body": body, "page_title": title})


@snapshot()
def _drawn(state: PageState, shown: ShownPeriods, above: list[int], user: User) -> str:
    page = _page(state, shown, above, user) | {"today": state.day}
    return render_to_string("reports/dashboard/body.html", page)


def _page(state: PageState, shown: ShownPeriods, visible: list[int], user: User) -> dict[str, Any]:
    query, (summary, past) = shown.query, current_and_past(shown)
    summary = with_changes(shown, summary)
    now, before = (past.against.current, past.against.before) if past.against else (summary, past.before)
    before = before if before.total.completeness.reported else None
    end = summary.period.end
    goals = blocks.targets_by_tier(state, end)
    above = params.ancestors(visible)
    hidden = params.hidden_units(state, user, (row.extra["pk"] for row in summary.rows if "pk" in row.extra))
    own = not query.unit.has_children or query.unit.reports
    return {
        "asked": state,
        "here": state.link(),
        "as_of_start": state.link(as_of=state.day, include="", basis=""),
        "bases": _bases(state),
        "basis_name": formatting.basis_label(query.today),
        "estimated": formatting.ESTIMATED,
        "territory": summary.territory.in_words(MOST_NAMED) if summary.territory else [],
        "territory_whole": summary.territory.in_words() if summary.territory else [],
        "handover": summary.handover.sentences(),
        "as_of_kept": state.pairs(as_of=""),
        # A reader of a single unit needs no search.
        "find_kept": kept_params(state) if above or query.unit.has_children else [],
        "now": state.link(as_of=""),
        "unit_key": state.unit_key,
        "unit_options": web.options(params.unit_options(state, above, summary, end, hidden), state.unit_key),
        "period_options": params.period_options(query.calendar.month_of(state.day), query.period),
        "trail": _trail(state, above, end) if above else [],
        "summary": summary,
        "before": before,
        "left_out": past.against.sentence if past.against else "",
        "uncompared": bool(past.against and past.against.nobody),
        "include_name": formatting.included_label(query.include, query.as_of),
        "review": frozen_review_for(query.unit, query.period, today=query.basis == "today"),
        "empty": "" if summary.total.completeness.reported else _empty(state, summary),
        "empty_title": "Số liệu chưa được tính" if _left_out(state) else "Chưa có báo cáo nào trong kỳ này",
        "empty_way": _way_on(state),
        "legend": LEGEND,
        "rates": {rate.key: blocks.rate_label(rate, end) for rate in rates_in(Placement.DASHBOARD)},
        "reports": month_reports(query) if own else [],
        # Indicators have no history by day.
        "indicators": [] if query.field or query.tier or query.as_of else _indicators(query),
        "field_name": query.field.name if query.field else "",
        **blocks.answer_block(state, summary, now, before, query.field.name if query.field else ""),
        **blocks.on_time_block(summary, before, goals),
        **blocks.chart_blocks(state, summary, past, now, before, goals),
        **table.table_context(state, summary, hidden),
    }


def _bases(state: PageState) -> list[tuple[str, str, bool]]:
    """The basis switch (as reported or by today's units) as (name, link, chosen); empty if both give the same."""
    unit, end = state.query.unit, state.query.calendar.bounds(state.query.period)[1]
    if state.query.basis == "reported" and not stored_lineage.figures_can_differ(
        unit, max(state.day, unit.active_from)
    ):
        return []
    key = stable_unit_key(unit, end)
    return [
        (name, state.link(basis=basis, unit=key, as_of=""), state.query.basis == (basis or "reported"))
        for name, basis in (("Báo cáo", ""), ("Đơn vị hiện nay", "today"))
    ]


def _trail(state: PageState, above: list, end) -> list[tuple[str, str]]:
    clean = {"by": "", "tier": "", "q": "", "sort": ""}
    trail = [(unit.name, state.link(unit=params.unit_key_for(state, unit, end), **clean)) for unit in above]
    return [*trail, (state.query.unit.name, state.link())]


def _empty(state: PageState, summary: Summary) -> str:
    """Why the page is empty and what to do next."""
    if _left_out(state):
        name = capfirst(summary.unit_name)
        return f"{name} là cơ quan ngoài Ủy ban nhân dân, chỉ được tính khi chọn “Cả cơ quan ngoài Ủy ban”."
    if not summary.total.completeness.expected:
        name, unit, label = capfirst(summary.unit_name), state.query.unit, summary.period.label
        if _not_yet(state):
            return f"{name} hoạt động từ ngày {formatting.format_day(unit.active_from)}, sau {label}."
        if _over(state):
            return f"{name} hoạt động đến hết ngày {formatting.format_day(unit.active_until)}, trước {label}."
        return f"{name} không phải báo cáo trong {label}."
    if state.query.as_of:
        return f"Đến hết ngày {formatting.format_day(state.query.as_of)} chưa có báo cáo nào của kỳ này được duyệt."
    stage = "được duyệt" if state.query.include == "approved" else "được gửi"
    also = ", chọn “Gồm cả chưa duyệt”" if state.query.include == "approved" else ""
    todo = f"Hãy nhập hoặc đôn đốc gửi, duyệt báo cáo{also}, hoặc chọn kỳ khác."
    return f"Đã {stage}: {summary.completeness_text}. {todo}"


def _left_out(state: PageState) -> bool:
    """Whether the page's unit is external and external units are not included."""
    return state.query.unit.external and not state.query.external


def _not_yet(state: PageState) -> bool:
    """Whether the unit began after the period."""
    return state.query.unit.active_from > state.query.calendar.bounds(state.query.period)[1]


def _over(state: PageState) -> bool:
    """Whether the unit ended before the period."""
    until = state.query.unit.active_until
    return until is not None and until < state.query.calendar.bounds(state.query.period)[0]


def _way_on(state: PageState) -> tuple[str, str]:
    """The link from an empty page: address and text."""
    if _left_out(state):
        return state.link(external="1"), "Xem số liệu của đơn vị này"
    if state.query.as_of:
        return state.link(as_of=""), "Xem số liệu hiện nay"
    if _not_yet(state) and state.query.basis == "reported":
        key = stable_unit_key(state.query.unit, state.query.calendar.bounds(state.query.period)[1])
        return state.link(basis="today", unit=key), "Xem theo đơn vị hiện nay"
    if _over(state):
        return reverse("units:detail", args=[state.query.unit.pk]), "Xem đơn vị kế thừa"
    return reverse("records:worklist"), "Mở Việc của tôi"


def _indicators(query: FiguresQuery) -> list[dict[str, Any]]:
    indicators = reported_indicators(query.unit, query.period, query.decimals)
    for indicator in indicators:
        indicator["verdict"] = sentences.target_gap(indicator["percent"], indicator["target"])
    return indicators


def _online(shown: ShownPeriods) -> Chart:
    past = past_figures(shown)
    return blocks.online_by_month(past.months, past.tiers, [tier for tier, _ in past.tiers])


def _channels(shown: ShownPeriods) -> Chart:
    current, past = current_and_past(shown)
    if past.against is not None:
        chart = blocks.channel_comparison(past.against.current, past.against.before)
        return replace(chart, sentence=f"{chart.sentence}. {past.against.sentence}".lstrip(". "))
    return blocks.channel_comparison(current, past.before)


CHARTS = {"online": _online, "channels": _channels}


class DashboardChart(ChartJson):
    """One of CHARTS for the unit and period of the address."""

    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            return super().dispatch(request, *args, **kwargs)
        except BadParameter as error:
            return problem_response(400, error.code, str(error))
        except Http404:
            return problem_response(
                404, "not_found", "Không có biểu đồ hoặc đơn vị này, hoặc bạn không được xem."
            )

    def chart(self) -> Chart:
        make = CHARTS.get(self.kwargs["name"])
        if make is None:
            raise Http404
        state = parse_params(self.request)
        return blocks.chart_with_basis(state, make(ShownPeriods(replace(state.query, by=None))))


chart = web.requires(Right.READ)(DashboardChart.as_view())


@web.requires(Right.READ)
@require_safe
def csv_export(request: HttpRequest) -> HttpResponse:
    """The rows as CSV."""
    return _export(request, "csv", "text/csv; charset=utf-8")


@web.requires(Right.READ)
@require_safe
def xlsx_export(request: HttpRequest) -> HttpResponse:
    """The rows as XLSX with live formulas."""
    return _export(request, "xlsx", KINDS["xlsx"])


def _export(request: HttpRequest, kind: str, content_type: str) -> HttpResponse:
    try:
        state = parse_params(request)
        flat = _flat(state)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    body = table_csv_bytes(flat) if kind == "csv" else table_xlsx_bytes(flat)
    return attachment(HttpResponse(body, content_type=content_type), _name(state, kind))


@snapshot()
def _flat(state: PageState) -> FlatTable:
    query = state.query
    shown = ShownPeriods(replace(query, by=state.rows_by))
    figures = with_changes(shown, summary(shown.query))
    filters = [f"lĩnh vực {query.field.name}"] if query.field else []
    if query.tier:
        filters.append(formatting.tier_name(query.tier))
    if state.q:
        filters.append(f"chỉ dòng có tên “{state.q}”, tổng của mọi dòng")
    if settings.DEMO:
        filters.append("số liệu minh họa")
    made_at = clock.now()
    entries = table_page(state, figures).entries
    note = (
        "cơ quan ngoài Ủy ban nhân dân không được tính" if query.unit.external and not query.external else ""
    )
    return flat_table(figures, entries, filters="; ".join(filters), made_at=made_at, note=note)


def _name(state: PageState, kind: str) -> str:
    query = state.query
    parts = [
        query.unit.code,
        query.period.code,
        state.field_key,
        query.tier,
        "ca-ngoai-uy-ban" if query.external else "",
    ]
    parts += ["theo-don-vi-hien-nay"] if query.basis == "today" else []
    parts += [f"den-het-{query.as_of}" if query.as_of else ""]
    parts += ["ca-chua-duyet" if query.include == "submitted" else "", "loc" if state.q else ""]
    return "-".join(["so-lieu", *(ascii_name(part, 40) for part in parts if part)]) + f".{kind}"
