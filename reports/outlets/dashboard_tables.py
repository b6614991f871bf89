"""The tables of the dashboard as files (units.tablefile), from the same figures as the page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from figures.measures import CHANNEL_LABELS, online_labels
from figures.periods import Month
from figures.rates import SHARES as CHANNEL_SHARES
from figures.rates import Share
from figures.rounding import percent
from figures.summary import Figures, Summary
from figures.writing import percent_vi, tier_name
from reports.outlets.charts import Chart
from reports.queries.month_reports import MonthReport
from units.tablefile import Cell, Column, Rate, TableFile

from . import flat


def rate(share: Share | None) -> Rate:
    """A share as it is printed; "—" for none."""
    return Rate(percent_vi(share.percent), share.percent) if share else Rate("—", None)


def percentage(text: str | None) -> Rate:
    """A percentage with a dot."""
    return Rate(percent_vi(text), text)


def tiers(summary: Summary) -> list[tuple[str, str, Figures]]:
    """Each tier, and the total where there are several."""
    found = [(tier, tier_name(tier), one) for tier, one in summary.tiers]
    return found if len(found) == 1 else [*found, ("", "Tất cả", summary.total)]


SHARES = (
    Column("tier", "Cấp"),
    Column("channel", "Hình thức", width=30),
    Column("number", "Số hồ sơ"),
    Column("received", "Tiếp nhận"),
    Column("share", "Tỷ lệ", share=("number", "received")),
    Column("share_before", "Cùng kỳ"),
    Column("reports", "Báo cáo", width=24),
)


def _source(lines: Iterable[tuple[str, str]], left_out: str) -> list[tuple[str, str]]:
    """Where the figures come from, and whom the comparison with last year leaves out."""
    return [*lines, ("So với cùng kỳ", left_out)] if left_out else list(lines)


def shares_file(summary: Summary, before: Summary | None, left_out: str, at: datetime) -> TableFile:
    """By tier and channel. `before` holds the units that are compared; `left_out` says which are not."""
    title = f"Hồ sơ tiếp nhận theo hình thức, {summary.period.label}"
    rows = _shares(summary, before)
    return TableFile("hinh-thuc-tiep-nhan", title, SHARES, rows, at, _source(flat.source(summary), left_out))


def _shares(summary: Summary, before: Summary | None) -> Iterator[tuple[Cell, ...]]:
    levels = online_labels(summary.period.end)
    for tier, name, one in tiers(summary):
        earlier = (before.tier(tier) if tier else before.total) if before else None
        for key in (one.key for one in CHANNEL_SHARES):
            share = one.shares[key]
            label = f"Trực tuyến {levels[key]}" if key.startswith("online_") else CHANNEL_LABELS[key]
            old = earlier.shares[key] if earlier else None
            told = one.completeness.text(summary.period.one_month)
            yield name, label, share.numerator, share.denominator, rate(share), rate(old), told


ON_TIME = (
    Column("tier", "Cấp"),
    Column("done", "Trước và đúng hạn"),
    Column("resolved", "Đã giải quyết"),
    Column("share", "Tỷ lệ", share=("done", "resolved")),
    Column("target", "Chỉ tiêu giao"),
    Column("share_before", "Cùng kỳ"),
)


def on_time_file(
    summary: Summary,
    before: Summary | None,
    goals: Iterable[Mapping[str, str]],
    left_out: str,
    at: datetime,
) -> TableFile:
    """Resolved early and on time, by tier; `goals` of reports.queries.targets.rate_targets; `left_out` as above."""
    set_ = {one["tier"]: one["percent"] for one in goals if one["rate"] == "on_time"}
    rows = []
    for tier, name, one in tiers(summary):
        share = one.share("on_time")
        earlier = (before.tier(tier) if tier else before.total) if before else None
        goal = set_.get(tier, set_.get(""))
        old = earlier.share("on_time") if earlier else None
        rows.append((name, share.numerator, share.denominator, rate(share), percentage(goal), rate(old)))
    title = f"Giải quyết trước và đúng hạn, {summary.period.label}"
    return TableFile("truoc-va-dung-han", title, ON_TIME, rows, at, _source(flat.source(summary), left_out))


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
    """The table beneath a chart: for each series its two counts and their share; `left_out` as above."""
    columns = [Column("label", first, width=24)]
    for place, series in enumerate(chart.series):
        part, whole = f"part_{place}", f"whole_{place}"
        columns += [
            Column(part, f"{series.name}: số hồ sơ"),
            Column(whole, f"{series.name}: tiếp nhận"),
            Column(f"share_{place}", f"{series.name}: tỷ lệ", share=(part, whole)),
            Column(f"reports_{place}", f"{series.name}: báo cáo", width=24),
        ]
    across = zip(*(series.points for series in chart.series), strict=True)
    rows = (
        (
            label,
            *(
                cell
                for one in points
                for cell in (one.numerator, one.denominator, percentage(one.percent), one.completeness)
            ),
        )
        for label, points in zip(labels, across, strict=True)
    )
    return TableFile(
        name, title, columns, rows if chart.series else (), at, _source(flat.whose(summary), left_out)
    )


INDICATORS = (
    Column("code", "Mã", width=24),
    Column("name", "Nội dung", width=50),
    Column("numerator", "Số đạt"),
    Column("denominator", "Tổng số"),
    Column("counted_in", "Đơn vị tính"),
    Column("share", "Kỳ này", share=("numerator", "denominator")),
    Column("target", "Chỉ tiêu giao"),
    Column("numerator_before", "Số đạt cùng kỳ"),
    Column("denominator_before", "Tổng số cùng kỳ"),
    Column("share_before", "Cùng kỳ", share=("numerator_before", "denominator_before")),
    Column("source", "Nguồn", width=50),
)


def indicators_file(
    found: Iterable[Mapping[str, Any]], title: str, source: Sequence[tuple[str, str]], at: datetime
) -> TableFile:
    """`found` of reports.queries.targets.indicators."""
    rows = (
        (
            one["code"],
            one["name"],
            one["numerator"],
            one["denominator"],
            one["counted_in"],
            percentage(one["percent"]),
            percentage(one["target"]),
            one["before_numerator"],
            one["before_denominator"],
            percentage(one["before_percent"]),
            one["source"],
        )
        for one in found
    )
    return TableFile("chi-tieu-khac", title, INDICATORS, rows, at, source)


REPORTS = (
    Column("month", "Tháng báo cáo"),
    Column("state", "Trạng thái", width=20),
    Column("received", "Tiếp nhận", total=True),
    Column("received_online", "Trực tuyến", total=True),
    Column("share", "Tỷ lệ trực tuyến", share=("received_online", "received")),
    Column("resolved", "Đã giải quyết", total=True),
    Column("pending_late", "Đang quá hạn"),
    Column("saved_by", "Người nhập", width=30),
    Column("saved_at", "Nhập lúc", width=20),
    Column("sent_by", "Người gửi", width=30),
    Column("sent_at", "Gửi lúc", width=20),
    Column("decided_by", "Người duyệt", width=30),
    Column("decided_at", "Duyệt lúc", width=20),
)


def reports_file(
    found: Iterable[MonthReport], title: str, source: Sequence[tuple[str, str]], share: Any, at: datetime
) -> TableFile:
    """The months of one unit; `share` writes the rate of two counts with the decimals that are asked for."""
    rows = (
        (
            Month.from_number(one.month).label,
            one.state,
            one.counts["received"],
            one.counts["received_online"],
            percentage(share(one.counts["received_online"], one.counts["received"])),
            one.counts["resolved"],
            one.counts["pending_late"],
            one.saved_by,
            one.saved_at,
            one.sent_by,
            one.sent_at,
            one.decided_by,
            one.decided_at,
        )
        for one in found
    )
    return TableFile("bao-cao-thang", title, REPORTS, rows, at, source, percent)
