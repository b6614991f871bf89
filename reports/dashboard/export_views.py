"""The dashboard's chart JSON, CSV and XLSX, at the same address parameters as the page."""

import re
from dataclasses import replace

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock
from core.db.snapshot import snapshot
from core.web import rights
from core.web.problem_json import problem_response
from core.web.rights import Right
from figures import formatting
from records.summary.parameters import BadParameter
from reports.charts.chartjs import Chart, ChartJson
from reports.tables.columns import FlatTable, flat_table
from reports.tables.files import table_csv_bytes, table_xlsx_bytes
from spreadsheets.table_file import KINDS

from . import blocks, charts
from .params import PageState, parse_params
from .queries import ShownPeriods, current_and_past, figures_of, past_figures, with_changes
from .table import table_page


def _online(shown: ShownPeriods) -> Chart:
    past = past_figures(shown)
    return charts.online_by_month(past.months, past.tiers, [tier for tier, _ in past.tiers])


def _channels(shown: ShownPeriods) -> Chart:
    summary, past = current_and_past(shown)
    if past.against is not None:
        chart = charts.channel_comparison(past.against.current, past.against.before)
        return replace(chart, told=f"{chart.told}. {past.against.told}".lstrip(". "))
    return charts.channel_comparison(summary, past.before)


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


chart = rights.requires(Right.READ)(DashboardChart.as_view())
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


@rights.requires(Right.READ)
@require_safe
def csv_export(request: HttpRequest) -> HttpResponse:
    """The rows as CSV."""
    return _export(request, "csv", "text/csv; charset=utf-8")


@rights.requires(Right.READ)
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
    response = HttpResponse(body, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(asked, kind)}"'
    return response


@snapshot()
def _flat(asked: PageState) -> FlatTable:
    query = asked.query
    shown = ShownPeriods(replace(query, by=asked.rows_by))
    summary = with_changes(shown, figures_of(shown))
    filters = [f"lĩnh vực {query.field.name}"] if query.field else []
    if query.tier:
        filters.append(formatting.tier_name(query.tier))
    if asked.q:
        filters.append(f"chỉ dòng có tên “{asked.q}”, tổng của mọi dòng")
    if settings.DEMO:
        filters.append("số liệu minh họa")
    made_at = clock.now()
    entries = table_page(asked, summary).entries
    note = (
        "cơ quan ngoài Ủy ban nhân dân không được tính" if query.unit.external and not query.external else ""
    )
    return flat_table(summary, entries, asked="; ".join(filters), made_at=made_at, note=note)


def _name(asked: PageState, kind: str) -> str:
    """A name of plain letters: nothing of the address can break the header (acceptance S28)."""
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
    return "-".join(["so-lieu", *(_UNSAFE.sub("-", part)[:40] for part in parts if part)]) + f".{kind}"
