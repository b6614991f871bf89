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
from units.succession import inheritance
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
    """The units whose name holds `?find=`, each with a link to the same view of it; the only one is shown at once."""
    try:
        asked = parse_params(request, of_field=False)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    text = clean_text(request.GET.get("find", ""))[:LONGEST]
    found = visible_units(request.user, request.day)
    found = (found & search_units(text)).order_by(F("active_until").desc(nulls_first=True), "folded", "pk")
    page = page_of(request, found if text else found.none())
    if page.paginator.count == 1:
        return redirect(_way(asked, page[0]))
    names = Unit.objects.in_bulk({number for unit in page for number in unit.ancestor_ids()})
    rows = [
        {
            "unit": unit,
            "href": _way(asked, unit),
            "above": ", ".join(names[number].name for number in reversed(unit.ancestor_ids())),
            "state": unit_state(unit, request.day),
        }
        for unit in page
    ]
    context = {"page": page, "rows": rows, "text": text, "kept": kept_params(asked), "back": asked.link()}
    return render(request, "reports/dashboard/found_units.html", context)


def kept_params(asked: PageState) -> list[tuple[str, str]]:
    """What the search keeps of a view, for hidden fields: everything but how its table is shown."""
    return asked.pairs(by="", tier="", field="", sort="", q="", page="")


def _way(asked: PageState, unit: Unit) -> str:
    key = stable_unit_key(unit, asked.query.calendar.bounds(asked.query.period)[1])
    link = asked.link(unit=key, by="", tier="", field="", sort="", q="")
    return f"{reverse('dashboard')}{link}"


MOST_NAMED = 3  # units that the lead names; the rest stands folded below it
MOST_LACKING = 100  # reports that are looked up to name who owes them; of more the rows tell how many
LEGEND = list(charts.CHANNELS.values())


@web.requires(Right.READ)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The page at "/"; an address that cannot be read is answered in words (400)."""
    try:
        asked = parse_params(request)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    shown = ShownPeriods(replace(asked.query, by=asked.rows_by, most_named=MOST_LACKING))
    if file := requested_file(request, DashboardTables(asked, shown).by_name()):
        return file
    above = params.visible_above(asked, request.user)
    reach = [*above, *params.paths_held(asked, request.user)]
    body = cached(asked, reach, lambda: _drawn(asked, shown, above, request.user))
    title = f"{asked.query.unit.name}, {asked.query.period.label}"
    return render(request, "reports/dashboard/dashboard.html", {"body": body, "page_title": title})


@snapshot()
def _drawn(asked: PageState, shown: ShownPeriods, above: list[int], user: User) -> str:
    page = _page(asked, shown, above, user) | {"today": asked.day}
    return render_to_string("reports/dashboard/body.html", page)


def _page(asked: PageState, shown: ShownPeriods, visible: list[int], user: User) -> dict[str, Any]:
    query, (summary, past) = shown.query, current_and_past(shown)
    summary = with_changes(shown, summary)
    now, before = (past.against.current, past.against.before) if past.against else (summary, past.before)
    before = before if before.total.completeness.reported else None
    end = summary.period.end
    goals = blocks.targets_by_tier(asked, end)
    above = params.ancestors(visible)
    hidden = params.hidden_units(asked, user, (row.extra["pk"] for row in summary.rows if "pk" in row.extra))
    own = not query.unit.has_children or query.unit.reports
    return {
        "asked": asked,
        "here": asked.link(),
        "as_of_start": asked.link(as_of=asked.day, include="", basis=""),
        "bases": _bases(asked),
        "basis_name": formatting.basis_label(query.today),
        "estimated": formatting.ESTIMATED,
        "territory": summary.territory.in_words(MOST_NAMED) if summary.territory else [],
        "territory_whole": summary.territory.in_words() if summary.territory else [],
        "handover": summary.handover.sentences(),
        "as_of_kept": asked.pairs(as_of=""),
        # Who sees but one unit has nothing to look for.
        "find_kept": kept_params(asked) if above or query.unit.has_children else [],
        "now": asked.link(as_of=""),
        "unit_key": asked.unit_key,
        "unit_options": web.options(params.unit_options(asked, above, summary, end, hidden), asked.unit_key),
        "period_options": params.period_options(query.calendar.month_of(asked.day), query.period),
        "trail": _trail(asked, above, end) if above else [],
        "summary": summary,
        "before": before,
        "left_out": past.against.told if past.against else "",
        "uncompared": bool(past.against and past.against.nobody),
        "include_name": formatting.included_label(query.include, query.as_of),
        "review": frozen_review_for(query.unit, query.period, today=query.basis == "today"),
        "empty": "" if summary.total.completeness.reported else _empty(asked, summary),
        "empty_title": "Số liệu chưa được tính" if _left_out(asked) else "Chưa có báo cáo nào trong kỳ này",
        "empty_way": _way_on(asked),
        "legend": LEGEND,
        "rates": {one.key: blocks.rate_label(one, end) for one in rates_in(Placement.DASHBOARD)},
        "reports": month_reports(query) if own else [],
        # What indicators were on an earlier day is not kept.
        "indicators": [] if query.field or query.tier or query.as_of else _indicators(query),
        "field_name": query.field.name if query.field else "",
        **blocks.answer_block(asked, summary, now, before, query.field.name if query.field else ""),
        **blocks.on_time_block(summary, before, goals),
        **blocks.chart_blocks(asked, summary, past, now, before, goals),
        **table.table_context(asked, summary, hidden),
    }


def _bases(asked: PageState) -> list[tuple[str, str, bool]]:
    """The switch between units as they reported and today's: name, link, whether chosen; nothing where both are the
    same.
    """
    unit, end = asked.query.unit, asked.query.calendar.bounds(asked.query.period)[1]
    if asked.query.basis == "reported" and not inheritance.figures_can_differ(
        unit, max(asked.day, unit.active_from)
    ):
        return []
    key = stable_unit_key(unit, end)
    return [
        (name, asked.link(basis=basis, unit=key, as_of=""), asked.query.basis == (basis or "reported"))
        for name, basis in (("Báo cáo", ""), ("Đơn vị hiện nay", "today"))
    ]


def _trail(asked: PageState, above: list, end) -> list[tuple[str, str]]:
    clean = {"by": "", "tier": "", "q": "", "sort": ""}
    trail = [(unit.name, asked.link(unit=params.unit_key_for(asked, unit, end), **clean)) for unit in above]
    return [*trail, (asked.query.unit.name, asked.link())]


def _empty(asked: PageState, summary: Summary) -> str:
    """Why there is nothing, and what to do next."""
    if _left_out(asked):
        name = capfirst(summary.unit_name)
        return f"{name} là cơ quan ngoài Ủy ban nhân dân, chỉ được tính khi chọn “Cả cơ quan ngoài Ủy ban”."
    if not summary.total.completeness.expected:
        name, unit, label = capfirst(summary.unit_name), asked.query.unit, summary.period.label
        if _not_yet(asked):
            return f"{name} hoạt động từ ngày {formatting.format_day(unit.active_from)}, sau {label}."
        if _over(asked):
            return f"{name} hoạt động đến hết ngày {formatting.format_day(unit.active_until)}, trước {label}."
        return f"{name} không phải báo cáo trong {label}."
    if asked.query.as_of:
        return f"Đến hết ngày {formatting.format_day(asked.query.as_of)} chưa có báo cáo nào của kỳ này được duyệt."
    state = "được duyệt" if asked.query.include == "approved" else "được gửi"
    also = ", chọn “Gồm cả chưa duyệt”" if asked.query.include == "approved" else ""
    todo = f"Hãy nhập hoặc đôn đốc gửi, duyệt báo cáo{also}, hoặc chọn kỳ khác."
    return f"Đã {state}: {summary.completeness_text}. {todo}"


def _left_out(asked: PageState) -> bool:
    """Whether the unit that is seen is itself of those that are only counted when asked for."""
    return asked.query.unit.external and not asked.query.external


def _not_yet(asked: PageState) -> bool:
    """Whether the unit began after the period."""
    return asked.query.unit.active_from > asked.query.calendar.bounds(asked.query.period)[1]


def _over(asked: PageState) -> bool:
    """Whether the unit ended before the period."""
    until = asked.query.unit.active_until
    return until is not None and until < asked.query.calendar.bounds(asked.query.period)[0]


def _way_on(asked: PageState) -> tuple[str, str]:
    """Where to go from an empty page: address and words."""
    if _left_out(asked):
        return asked.link(external="1"), "Xem số liệu của đơn vị này"
    if asked.query.as_of:
        return asked.link(as_of=""), "Xem số liệu hiện nay"
    if _not_yet(asked) and asked.query.basis == "reported":
        key = stable_unit_key(asked.query.unit, asked.query.calendar.bounds(asked.query.period)[1])
        return asked.link(basis="today", unit=key), "Xem theo đơn vị hiện nay"
    if _over(asked):
        return reverse("units:detail", args=[asked.query.unit.pk]), "Xem đơn vị kế thừa"
    return reverse("records:worklist"), "Mở Việc của tôi"


def _indicators(query: FiguresQuery) -> list[dict[str, Any]]:
    found = reported_indicators(query.unit, query.period, query.decimals)
    for one in found:
        one["verdict"] = sentences.target_gap(one["percent"], one["target"])
    return found


def _online(shown: ShownPeriods) -> Chart:
    past = past_figures(shown)
    return blocks.online_by_month(past.months, past.tiers, [tier for tier, _ in past.tiers])


def _channels(shown: ShownPeriods) -> Chart:
    current, past = current_and_past(shown)
    if past.against is not None:
        chart = blocks.channel_comparison(past.against.current, past.against.before)
        return replace(chart, told=f"{chart.told}. {past.against.told}".lstrip(". "))
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
        asked = parse_params(self.request)
        return blocks.chart_with_basis(asked, make(ShownPeriods(replace(asked.query, by=None))))


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
        asked = parse_params(request)
        made = _flat(asked)
    except BadParameter as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    body = table_csv_bytes(made) if kind == "csv" else table_xlsx_bytes(made)
    return attachment(HttpResponse(body, content_type=content_type), _name(asked, kind))


@snapshot()
def _flat(asked: PageState) -> FlatTable:
    query = asked.query
    shown = ShownPeriods(replace(query, by=asked.rows_by))
    found = with_changes(shown, summary(shown.query))
    filters = [f"lĩnh vực {query.field.name}"] if query.field else []
    if query.tier:
        filters.append(formatting.tier_name(query.tier))
    if asked.q:
        filters.append(f"chỉ dòng có tên “{asked.q}”, tổng của mọi dòng")
    if settings.DEMO:
        filters.append("số liệu minh họa")
    made_at = clock.now()
    entries = table_page(asked, found).entries
    note = (
        "cơ quan ngoài Ủy ban nhân dân không được tính" if query.unit.external and not query.external else ""
    )
    return flat_table(found, entries, asked="; ".join(filters), made_at=made_at, note=note)


def _name(asked: PageState, kind: str) -> str:
    query = asked.query
    parts = [
        query.unit.code,
        query.period.code,
        asked.field_key,
        query.tier,
        "ca-ngoai-uy-ban" if query.external else "",
    ]
    parts += ["theo-don-vi-hien-nay"] if query.basis == "today" else []
    parts += [f"den-het-{query.as_of}" if query.as_of else ""]
    parts += ["ca-chua-duyet" if query.include == "submitted" else "", "loc" if asked.q else ""]
    return "-".join(["so-lieu", *(ascii_name(part, 40) for part in parts if part)]) + f".{kind}"
