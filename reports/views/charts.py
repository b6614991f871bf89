"""The JSON that the charts of the dashboard are drawn from."""

from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse

from reports.outlets import lines
from reports.outlets.charts import Chart, ChartJson
from reports.queries.dashboard import Wanted, now_and_before, past_of
from units import access
from units.access import Right
from units.problems import problem

from . import blocks
from .asked import BadQuestion, read
from .dashboard import wanted_of


def _online(wanted: Wanted) -> Chart:
    past = past_of(wanted)
    return lines.online_by_month(past.months, past.tiers, [tier for tier, _ in past.tiers])


def _channels(wanted: Wanted) -> Chart:
    wanted = replace(wanted, by=None)
    summary, past = now_and_before(wanted)
    if past.against is not None:
        chart = lines.channels_against(past.against.current, past.against.before)
        return replace(chart, told=f"{chart.told}. {past.against.told}".lstrip(". "))
    return lines.channels_against(summary, past.before)


CHARTS = {"online": _online, "channels": _channels}


class DashboardChart(ChartJson):
    """One of CHARTS for the unit and period of the address."""

    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            return super().dispatch(request, *args, **kwargs)
        except BadQuestion as error:
            return problem(400, error.code, str(error))
        except Http404:
            return problem(404, "not_found", "Không có biểu đồ hoặc đơn vị này, hoặc bạn không được xem.")

    def chart(self) -> Chart:
        make = CHARTS.get(self.kwargs["name"])
        if make is None:
            raise Http404
        asked = read(self.request)
        return blocks.said_of_what(asked, make(wanted_of(asked)))


chart = access.requires(Right.READ)(DashboardChart.as_view())
