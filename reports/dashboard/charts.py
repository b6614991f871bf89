"""The charts of the dashboard, from the same figures as its tables."""

from collections.abc import Sequence
from decimal import Decimal

from figures import formatting
from figures.periods import Month, Period
from figures.rates import Share
from figures.summary import Figures, Summary
from reports.charts.chartjs import Chart, ChartPoint, ChartSeries
from reports.review_text import sentences

from . import findings

NOTHING = ChartPoint(None)
PARTS = (("direct", "Trực tiếp"), ("online", "Trực tuyến"), ("postal", "BCCI"))


def online_by_month(
    months: Sequence[Month], tiers: Sequence[tuple[str, Sequence[Figures | None]]], names: Sequence[str]
) -> Chart:
    """The share received online, month by month: a line per tier, a gap where nobody reported."""
    shown = [(tier, known) for tier, known in tiers if tier in names]
    series = tuple(
        ChartSeries(formatting.tier_name(tier), tuple(map(_monthly, known))) for tier, known in shown
    )
    ends = [(formatting.tier_name(tier), *end) for tier, known in shown if (end := _end(months, known))]
    return Chart(
        "online",
        "lines",
        findings.trend_finding("Trực tuyến", ends),
        tuple(f"T{month.month}/{month.year % 100:02d}" for month in months),
        series,
    )


def channel_comparison(summary: Summary, before: Summary) -> Chart:
    """How dossiers came in, tier by tier, this period and the same period last year: bars that total 100."""
    rows = []
    for tier, one in summary.tiers:
        rows.append((f"{formatting.tier_name(tier)} {_short(summary)}", one, summary))
        earlier = before.tier(tier)
        if earlier is not None and earlier.shares["direct"].denominator:
            rows.append((f"{formatting.tier_name(tier)} {_short(before)}", earlier, before))
    series = tuple(
        ChartSeries(name, tuple(_point(one.shares[key], one, whole) for _, one, whole in rows))
        for key, name in PARTS
    )
    return Chart("channels", "bars", _told(summary, before), tuple(label for label, _, _ in rows), series)


def _point(share: Share, one: Figures, whole: Summary) -> ChartPoint:
    completeness = one.completeness
    return ChartPoint.of(
        share, complete=completeness.complete, completeness=completeness.text(whole.period.one_month)
    )


def _monthly(one: Figures | None) -> ChartPoint:
    if one is None:
        return NOTHING
    return ChartPoint.of(
        one.shares["online"], complete=one.completeness.complete, completeness=one.completeness.text(True)
    )


def _end(months: Sequence[Month], known: Sequence[Figures | None]) -> tuple[Share, str, str] | None:
    for month, one in zip(reversed(months), reversed(known), strict=True):
        if one is not None and one.shares["online"].percent is not None:
            return one.shares["online"], month.label, sentences.incomplete_mark(one.completeness)
    return None


def _short(summary: Summary) -> str:
    """A period as it fits beside a bar: T6/2022, Q2/2022, H1 is 6 tháng đầu 2022."""
    period = Period.parse(summary.period.code)
    match period.kind:
        case "half":
            return f"6T {'đầu' if period.first.month == 1 else 'cuối'} {period.first.year}"
        case "month":
            return f"T{period.first.month}/{period.first.year}"
        case "year":
            return str(period.first.year)
    return period.label


def _told(summary: Summary, before: Summary) -> str:
    told = []
    for tier, one in summary.tiers:
        earlier = before.tier(tier)
        new, old = one.shares["online"].percent, earlier.shares["online"].percent if earlier else None
        if new is not None and old is not None:
            mark = sentences.incomplete_mark(one.completeness, earlier.completeness)
            told.append(f"{formatting.tier_name(tier).lower()} {_moved(new, old)}{mark}")
    return f"Trực tuyến so với cùng kỳ: {', '.join(told)}" if told and len(told) <= 2 else ""


def _moved(new: str, old: str) -> str:
    """From one printed share to another."""
    if Decimal(new) == Decimal(old):
        return f"vẫn là {formatting.format_percent(new)}"
    way = "lên" if Decimal(new) > Decimal(old) else "còn"
    return f"từ {formatting.format_percent(old)} {way} {formatting.format_percent(new)}"
