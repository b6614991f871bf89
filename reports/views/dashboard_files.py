"""The tables of the dashboard as files: its address with `tai` and `bang`. The main table has addresses of its own
(views.exports), and is JSON through the API.
"""

from collections.abc import Callable
from functools import cached_property

from cchc_dashboard import clock
from figures.rounding import percent
from reports.outlets import dashboard_tables, flat, lines
from reports.queries import dashboard as queries
from reports.queries.month_reports import month_reports
from reports.queries.targets import indicators, rate_targets
from units.tablefile import TableFile

from .asked import Asked


class Tables:
    """What they are made of is read once, and only for the table that is asked for."""

    def __init__(self, asked: Asked, wanted: queries.Wanted) -> None:
        self.asked, self.wanted, self.at = asked, wanted, clock.now()

    def by_name(self) -> dict[str, Callable[[], TableFile]]:
        """As the templates name them."""
        return {
            "hinh-thuc": self.shares,
            "dung-han": self.on_time,
            "theo-thang": self.trend,
            "so-sanh": self.compare,
            "chi-tieu": self.indicators,
            "bao-cao": self.reports,
        }

    @cached_property
    def _both(self) -> tuple[queries.Summary, queries.Past]:
        return queries.now_and_before(self.wanted)

    @cached_property
    def _compared(self) -> tuple[queries.Summary, queries.Summary]:
        summary, past = self._both
        return (past.against.current, past.against.before) if past.against else (summary, past.before)

    @property
    def _left_out(self) -> str:
        against = self._both[1].against
        return against.told if against else ""

    def shares(self) -> TableFile:
        """By tier and channel."""
        before = self._compared[1]
        return dashboard_tables.shares_file(self._both[0], before, self._left_out, self.at)

    def on_time(self) -> TableFile:
        """By tier, with targets."""
        summary = self._both[0]
        goals = rate_targets(self.asked.unit, summary.period.end)
        return dashboard_tables.on_time_file(summary, self._compared[1], goals, self._left_out, self.at)

    def trend(self) -> TableFile:
        """Month by month, the table beneath the line."""
        summary, past = self._both
        chart = lines.online_by_month(past.months, past.tiers, [tier for tier, _ in summary.tiers])
        labels = [month.label for month in past.months]
        title = f"Tỷ lệ hồ sơ trực tuyến theo tháng, {summary.unit_name}"
        return dashboard_tables.chart_file(
            "truc-tuyen-theo-thang", title, "Tháng báo cáo", chart, labels, summary, self.at
        )

    def compare(self) -> TableFile:
        """Against the same period last year, the table beneath the bars."""
        chart = lines.channels_against(*self._compared)
        title = f"Hình thức tiếp nhận so với cùng kỳ, {self._both[0].unit_name}"
        return dashboard_tables.chart_file(
            "so-voi-cung-ky", title, "Cấp, kỳ", chart, chart.labels, self._both[0], self.at, self._left_out
        )

    def indicators(self) -> TableFile:
        """Indicators other than dossiers."""
        asked = self.asked
        found = indicators(asked.unit, asked.period, asked.decimals)
        title = f"Chỉ tiêu khác, {asked.unit.name}, {asked.period.label}"
        source = [("Đơn vị", f"{asked.unit.name} ({asked.unit.code})"), ("Kỳ báo cáo", asked.period.label)]
        return dashboard_tables.indicators_file(found, title, source, self.at)

    def reports(self) -> TableFile:
        """The months of one unit."""
        summary = self._both[0]
        title = f"Báo cáo tháng của {summary.unit_name}, {summary.period.label}"

        def share(part: int | None, whole: int | None) -> str | None:
            return percent(part, whole, self.asked.decimals)

        return dashboard_tables.reports_file(
            month_reports(self.wanted), title, list(flat.whose(summary)), share, self.at
        )
