"""The tables of the dashboard as files."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from core import clock
from figures import summary
from figures.formatting import format_percent, tier_name
from figures.measures import CHANNEL_LABELS, online_labels
from figures.periods import Month
from figures.rates import SHARES as CHANNEL_SHARES
from figures.rates import Share
from figures.rounding import rounded_percent
from figures.summary import Figures, Summary
from records.indicators.queries import rate_cell
from reports.charts import Chart
from reports.tables import columns as tables_columns
from spreadsheets.table_writer import Cell, PrintedRate, TableColumn, TableFile, table_rows

from . import blocks
from .params import PageState
from .queries import (
    MonthReport,
    PastFigures,
    ShownPeriods,
    current_and_past,
    month_reports,
    rate_targets,
    reported_indicators,
)


def rate_text(share: Share | None) -> PrintedRate:
    """A share as printed; "—" for None."""
    return PrintedRate(format_percent(share.percent), share.percent) if share else PrintedRate("—", None)


def tiers_and_total(summary: Summary) -> list[tuple[str, str, Figures]]:
    """Each tier, and the total where there are several."""
    rows = [(tier, tier_name(tier), figures) for tier, figures in summary.tiers]
    return rows if len(rows) == 1 else [*rows, ("", "Tất cả", summary.total)]


SHARES = (
    TableColumn("tier", "Cấp"),
    TableColumn("channel", "Hình thức", width=30),
    TableColumn("number", "Số hồ sơ"),
    TableColumn("received", "Tiếp nhận"),
    TableColumn("share", "Tỷ lệ", share=("number", "received")),
    TableColumn("share_before", "Cùng kỳ"),
    TableColumn("reports", "Báo cáo", width=24),
)


def _source(lines: Iterable[tuple[str, str]], left_out: str) -> list[tuple[str, str]]:
    """The source lines, plus which units the comparison with last year leaves out."""
    return [*lines, ("So với cùng kỳ", left_out)] if left_out else list(lines)


def shares_file(summary: Summary, before: Summary | None, left_out: str, at: datetime) -> TableFile:
    """Dossiers by tier and channel. `before`: last year's compared figures; `left_out` names units not compared."""
    title = f"Hồ sơ tiếp nhận theo hình thức, {summary.period.label}"
    rows = _shares(summary, before)
    return TableFile(
        "hinh-thuc-tiep-nhan",
        title,
        SHARES,
        rows,
        at,
        _source(tables_columns.source_lines(summary), left_out),
    )


def _shares(summary: Summary, before: Summary | None) -> Iterator[tuple[Cell, ...]]:
    levels = online_labels(summary.period.end)
    for tier, name, figures in tiers_and_total(summary):
        earlier = (before.tier(tier) if tier else before.total) if before else None
        for key in (channel_share.key for channel_share in CHANNEL_SHARES):
            share = figures.shares[key]
            label = f"Trực tuyến {levels[key]}" if key.startswith("online_") else CHANNEL_LABELS[key]
            old = earlier.shares[key] if earlier else None
            reports = figures.completeness.text(summary.period.one_month)
            yield name, label, share.numerator, share.denominator, rate_text(share), rate_text(old), reports


ON_TIME = (
    TableColumn("tier", "Cấp"),
    TableColumn("done", "Trước và đúng hạn"),
    TableColumn("resolved", "Đã giải quyết"),
    TableColumn("share", "Tỷ lệ", share=("done", "resolved")),
    TableColumn("target", "Chỉ tiêu giao"),
    TableColumn("share_before", "Cùng kỳ"),
)


def on_time_file(
    summary: Summary,
    before: Summary | None,
    goals: Iterable[Mapping[str, str]],
    left_out: str,
    at: datetime,
) -> TableFile:
    """Resolved early and on time, by tier; `goals` is from `rate_targets`, `left_out` as in `shares_file`."""
    set_ = {goal["tier"]: goal["percent"] for goal in goals if goal["rate"] == "on_time"}
    rows = []
    for tier, name, figures in tiers_and_total(summary):
        share = figures.share("on_time")
        earlier = (before.tier(tier) if tier else before.total) if before else None
        goal = set_.get(tier, set_.get(""))
        old = earlier.share("on_time") if earlier else None
        rows.append(
            (
                name,
                share.numerator,
                share.denominator,
                rate_text(share),
                rate_cell(goal),
                rate_text(old),
            )
        )
    title = f"Giải quyết trước và đúng hạn, {summary.period.label}"
    return TableFile(
        "truoc-va-dung-han", title, ON_TIME, rows, at, _source(tables_columns.source_lines(summary), left_out)
    )


def chart_file(
    name: str,
    title: str,
    first: str,
    chart: Chart,
    labels: Sequence[str],
    summary: Summary,
    at: datetime,
    left_out: str = "",
) -> TableFile:
    """A chart's table: two counts and their share for each series; `left_out` as in `shares_file`."""
    columns = [TableColumn("label", first, width=24)]
    for place, series in enumerate(chart.series):
        part, whole = f"part_{place}", f"whole_{place}"
        columns += [
            TableColumn(part, f"{series.name}: số hồ sơ"),
            TableColumn(whole, f"{series.name}: tiếp nhận"),
            TableColumn(f"share_{place}", f"{series.name}: tỷ lệ", share=(part, whole)),
            TableColumn(f"reports_{place}", f"{series.name}: báo cáo", width=24),
        ]
    across = zip(*(series.points for series in chart.series), strict=True)
    rows = (
        (
            label,
            *(
                cell
                for point in points
                for cell in (
                    point.numerator,
                    point.denominator,
                    rate_cell(point.percent),
                    point.completeness,
                )
            ),
        )
        for label, points in zip(labels, across, strict=True)
    )
    return TableFile(
        name,
        title,
        columns,
        rows if chart.series else (),
        at,
        _source(tables_columns.source_summary(summary), left_out),
    )


INDICATORS = (
    TableColumn("code", "Mã", width=24),
    TableColumn("name", "Nội dung", width=50),
    TableColumn("numerator", "Số đạt"),
    TableColumn("denominator", "Tổng số"),
    TableColumn("counted_in", "Đơn vị tính"),
    TableColumn(
        "share",
        "Kỳ này",
        lambda indicator: rate_cell(indicator["percent"]),
        share=("numerator", "denominator"),
    ),
    TableColumn("target", "Chỉ tiêu giao", lambda indicator: rate_cell(indicator["target"])),
    TableColumn("numerator_before", "Số đạt cùng kỳ", "before_numerator"),
    TableColumn("denominator_before", "Tổng số cùng kỳ", "before_denominator"),
    TableColumn(
        "share_before",
        "Cùng kỳ",
        lambda indicator: rate_cell(indicator["before_percent"]),
        share=("numerator_before", "denominator_before"),
    ),
    TableColumn("source", "Nguồn", width=50),
)


def indicators_file(
    indicators: Iterable[Mapping[str, Any]], title: str, source: Sequence[tuple[str, str]], at: datetime
) -> TableFile:
    """`indicators` is from `reported_indicators`."""
    return TableFile("chi-tieu-khac", title, INDICATORS, table_rows(INDICATORS, indicators), at, source)


REPORTS = (
    TableColumn("month", "Tháng báo cáo"),
    TableColumn("state", "Trạng thái", width=20),
    TableColumn("received", "Tiếp nhận", total=True),
    TableColumn("received_online", "Trực tuyến", total=True),
    TableColumn("share", "Tỷ lệ trực tuyến", share=("received_online", "received")),
    TableColumn("resolved", "Đã giải quyết", total=True),
    TableColumn("pending_late", "Đang quá hạn"),
    TableColumn("saved_by", "Người nhập", width=30),
    TableColumn("saved_at", "Nhập lúc", width=20),
    TableColumn("sent_by", "Người gửi", width=30),
    TableColumn("sent_at", "Gửi lúc", width=20),
    TableColumn("decided_by", "Người duyệt", width=30),
    TableColumn("decided_at", "Duyệt lúc", width=20),
)


def reports_file(
    reports: Iterable[MonthReport], title: str, source: Sequence[tuple[str, str]], share: Any, at: datetime
) -> TableFile:
    """The months of one unit; `share` formats the rate of two counts with the requested decimals."""
    rows = (
        (
            Month.from_number(report.month).label,
            report.state,
            report.counts["received"],
            report.counts["received_online"],
            rate_cell(share(report.counts["received_online"], report.counts["received"])),
            report.counts["resolved"],
            report.counts["pending_late"],
            report.saved_by,
            report.saved_at,
            report.sent_by,
            report.sent_at,
            report.decided_by,
            report.decided_at,
        )
        for report in reports
    )
    return TableFile("bao-cao-thang", title, REPORTS, rows, at, source, rounded_percent)


class DashboardTables:
    """The downloadable tables of a page; data are read once, on first use."""

    def __init__(self, state: PageState, shown: ShownPeriods) -> None:
        self.state, self.shown, self.at = state, shown, clock.now()

    def by_name(self) -> dict[str, Callable[[], TableFile]]:
        """The tables by the names that templates use."""
        return {
            "hinh-thuc": self.shares,
            "dung-han": self.on_time,
            "theo-thang": self.trend,
            "so-sanh": self.compare,
            "chi-tieu": self.indicators,
            "bao-cao": self.reports,
        }

    @cached_property
    def _both(self) -> tuple[summary.Summary, PastFigures]:
        return current_and_past(self.shown)

    @cached_property
    def _compared(self) -> tuple[summary.Summary, summary.Summary]:
        summary, past = self._both
        return (past.against.current, past.against.before) if past.against else (summary, past.before)

    @property
    def _left_out(self) -> str:
        against = self._both[1].against
        return against.sentence if against else ""

    def shares(self) -> TableFile:
        """By tier and channel."""
        before = self._compared[1]
        return shares_file(self._both[0], before, self._left_out, self.at)

    def on_time(self) -> TableFile:
        """By tier, with targets."""
        summary = self._both[0]
        goals = rate_targets(self.state.query.unit, summary.period.end)
        return on_time_file(summary, self._compared[1], goals, self._left_out, self.at)

    def trend(self) -> TableFile:
        """Month by month, the table beneath the line."""
        summary, past = self._both
        chart = blocks.online_by_month(past.months, past.tiers, [tier for tier, _ in summary.tiers])
        labels = [month.label for month in past.months]
        title = f"Tỷ lệ hồ sơ trực tuyến theo tháng, {summary.unit_name}"
        return chart_file("truc-tuyen-theo-thang", title, "Tháng báo cáo", chart, labels, summary, self.at)

    def compare(self) -> TableFile:
        """Against the same period last year, the table beneath the bars."""
        chart = blocks.channel_comparison(*self._compared)
        title = f"Hình thức tiếp nhận so với cùng kỳ, {self._both[0].unit_name}"
        return chart_file(
            "so-voi-cung-ky", title, "Cấp, kỳ", chart, chart.labels, self._both[0], self.at, self._left_out
        )

    def indicators(self) -> TableFile:
        """Indicators other than dossiers."""
        query = self.state.query
        indicators = reported_indicators(query.unit, query.period, query.decimals)
        title = f"Chỉ tiêu khác, {query.unit.name}, {query.period.label}"
        source = [("Đơn vị", f"{query.unit.name} ({query.unit.code})"), ("Kỳ báo cáo", query.period.label)]
        return indicators_file(indicators, title, source, self.at)

    def reports(self) -> TableFile:
        """The months of one unit."""
        summary = self._both[0]
        title = f"Báo cáo tháng của {summary.unit_name}, {summary.period.label}"

        def share(part: int | None, whole: int | None) -> str | None:
            return rounded_percent(part, whole, self.state.query.decimals)

        return reports_file(
            month_reports(self.shown.query),
            title,
            list(tables_columns.source_summary(summary)),
            share,
            self.at,
        )
