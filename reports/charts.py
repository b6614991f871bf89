"""Charts for Chart.js through django-chartjs, which only this module imports, and bars and scales drawn on
the server as SVG.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chartjs.views.lines import BaseLineChartView
from django.utils.safestring import SafeString

from core import web
from figures import formatting
from figures.rates import Share
from figures.rounding import point_difference
from figures.summary import Figures

from .review_text import sentences

# The library's view turns Decimals into text and leaks itself into the JSON; both are fixed here. A
# month that nobody reported stays null: a gap in the line, never 0.


@dataclass(frozen=True)
class ChartPoint:
    """One printed percentage with its counts; hollow where reports or parts of the whole are missing."""

    percent: str | None
    numerator: int | None = None
    denominator: int | None = None
    hollow: bool = False
    completeness: str = ""

    @classmethod
    def of(cls, share: Share, *, complete: bool, completeness: str) -> "ChartPoint":
        """Builds a point from a share; `complete` says whether all expected reports are there."""
        hollow = share.percent is not None and (share.partial or not complete)
        return cls(share.percent, share.numerator, share.denominator, hollow, completeness)

    @property
    def printed(self) -> str:
        """12,6%, or 12,6% (chưa đủ) where the point is hollow."""
        text = formatting.format_percent(self.percent)
        return f"{text}{formatting.INCOMPLETE}" if self.hollow else text

    @property
    def detail(self) -> str:
        """2.116/16.833 hồ sơ · 96/96 báo cáo tháng."""
        counts = (
            f"{formatting.format_count(self.numerator)}/{formatting.format_count(self.denominator)} hồ sơ"
        )
        return f"{counts} · {self.completeness}" if self.completeness else counts


@dataclass(frozen=True)
class ChartSeries:
    """A line, or the bars of one channel."""

    name: str
    points: tuple[ChartPoint, ...]


@dataclass(frozen=True)
class Chart:
    """A chart; `sentence` states its finding in a sentence, the text alternative for screen readers."""

    name: str
    kind: str
    sentence: str
    labels: tuple[str, ...]
    series: tuple[ChartSeries, ...]

    def rows(self, labels: Sequence[str] | None = None) -> SafeString:
        """The HTML rows of the table under the chart: a label with share and counts of each series."""
        across = zip(*(series.points for series in self.series), strict=True)
        lines = zip(labels or self.labels, across, strict=True) if self.series else ()
        return web.plain_rows(
            (label, *(text for point in points for text in (point.printed, point.detail)))
            for label, points in lines
        )


class ChartJson(BaseLineChartView):
    """The JSON of one chart: `{"kind", "told", "labels", "datasets"}`; each of the datasets has
    `{"label", "data", "printed", "told", "hollow", "counts"}`.
    """

    drawn: Chart

    def chart(self) -> Chart:
        """The chart to serve; views with an address override this."""
        return self.drawn

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.drawn = self.chart()
        context = super().get_context_data(**kwargs)
        data = {name: context[name] for name in ("labels", "datasets")}
        return data | {"kind": self.drawn.kind, "told": self.drawn.sentence}

    def get_labels(self) -> list[str]:
        return list(self.drawn.labels)

    def get_providers(self) -> list[str]:
        return [series.name for series in self.drawn.series]

    def get_data(self) -> list[list[float | None]]:
        """Percentages as floats for Chart.js; everywhere else they stay text."""
        return [[_percent_number(point.percent) for point in series.points] for series in self.drawn.series]

    def get_dataset_options(self, index: int, color: tuple[int, ...]) -> dict[str, Any]:
        """Extra data of a series; colours and markers come from the style sheet and the page."""
        points = self.drawn.series[index].points
        return {
            "hollow": [point.hollow for point in points],
            "told": [point.detail for point in points],
            "printed": [formatting.format_percent(point.percent) for point in points],
            "counts": [[point.numerator, point.denominator] for point in points],
        }


def chart_data(chart: Chart) -> dict[str, Any]:
    """The JSON data of a chart, embedded in a page so that it needs no second request."""
    return ChartJson(drawn=chart).get_context_data()


def _percent_number(percent: str | None) -> float | None:
    return None if percent is None else float(Decimal(percent))


# Nothing here writes markup. Every coordinate is text with a dot and a percent sign ("48.23%"): a localised
# number inside SVG ("48,23%") would be invalid. Geometry comes from the counts, words from the printed
# percentages.

# Channels in their fixed order (face: trực tiếp, trực tuyến, BCCI), with the style class of their segment.
CHANNELS = {
    "direct": ("Trực tiếp", "k-direct"),
    "online": ("Trực tuyến", "k-online"),
    "postal": ("BCCI", "k-postal"),
}
WIDE_ENOUGH = 8  # percent of the bar: room for "48,2%" inside
NARROW = 20  # percent of the bar: below it a phone has no room inside, and the share stands beneath
THIN = 1  # percent of the bar: below it a part is drawn 5 px wide instead, and labelled beneath


@dataclass(frozen=True)
class BarSegment:
    """One part of a share bar. `thin`: neither none nor wide enough to see, drawn at least 5 px wide."""

    key: str
    name: str
    style: str
    x: str
    width: str
    count: str
    percent: str
    inside: bool
    narrow: bool
    thin: bool


@dataclass(frozen=True)
class ShareBar:
    """Received dossiers of one tier by channel; no segments where nothing was received."""

    name: str
    total: str
    completeness: str
    counted_in: str
    complete: bool
    partial: bool
    segments: tuple[BarSegment, ...]
    description: str


@dataclass(frozen=True)
class RateDot:
    """A rate on a scale, with the same period last year and the target; positions are percentages of the width."""

    name: str
    percent: str
    parts: str
    partial: bool
    now: str | None
    before: str | None
    goal: str | None
    verdict: str
    reached: bool | None
    description: str
    before_percent: str
    goal_percent: str


@dataclass(frozen=True)
class RateScale:
    """The dots of all tiers on one scale that ends at 100 and may start higher than 0 (it then says so)."""

    dots: tuple[RateDot, ...]
    start: int
    ticks: tuple[tuple[str, str], ...]


def parts(figures: Figures) -> Iterator[tuple[str, Share, int, int]]:
    """The parts of a share bar, on the screen and in print: channels that were reported, each with part and whole."""
    for key in CHANNELS:
        share = figures.shares[key]
        if share.denominator and share.numerator is not None:
            yield key, share, share.numerator, share.denominator


def share_bar(name: str, figures: Figures, *, one_month: bool = False) -> ShareBar:
    """The bar of one tier from its figures."""
    segments, at = [], 0
    for key, share, part, whole in parts(figures):
        segments.append(
            BarSegment(
                key,
                *CHANNELS[key],
                _svg_length(at, whole),
                _svg_length(part, whole),
                formatting.format_count(part),
                formatting.format_percent(share.percent),
                inside=part * 100 >= WIDE_ENOUGH * whole,
                narrow=part * 100 < NARROW * whole,
                thin=0 < part * 100 < THIN * whole,
            )
        )
        at += part
    description = "; ".join(
        f"{segment.name.lower() if segment.key != 'postal' else segment.name} {segment.percent}"
        for segment in segments
    )
    return ShareBar(
        name,
        formatting.format_count(figures.counts["received"]),
        f"{formatting.format_count(figures.completeness.reported)}/{formatting.format_count(figures.completeness.expected)}",
        "đơn vị" if one_month else "báo cáo tháng",
        figures.completeness.complete,
        figures.shares["direct"].partial,
        tuple(segments),
        f"{name}: {description or 'chưa có hồ sơ nào được báo cáo'}",
    )


def rate_scale(rows: Sequence[tuple[str, Share, Share | None, str | None]]) -> RateScale:
    """Dots of named rates: (name, this period, same period last year, target as text with a dot)."""
    percents = [text for row in rows for text in _percents(row)]
    start = _scale_start(percents)
    dots = tuple(_dot(*row, start) for row in rows)
    step = max((100 - start) // 5, 1)
    ticks = tuple((_place(str(tick), start) or "0%", f"{tick}%") for tick in range(start, 101, step))
    return RateScale(dots, start, ticks)


def bar_width(share: Share, top: int) -> str:
    """The width of a share's bar in a cell whose full width is `top` percent; "0%" where there is no share."""
    if share.numerator is None or not share.denominator:
        return "0%"
    return _svg_length(min(share.numerator * 100, share.denominator * top), share.denominator * top)


def bar_top(shares: Iterable[Share]) -> int:
    """The full width of the bars of a column, in percent: the next ten above the largest share, at most 100."""
    largest = max(
        (s.numerator * 100 // s.denominator for s in shares if s.numerator is not None and s.denominator),
        default=0,
    )
    return min(largest // 10 * 10 + 10, 100)


def share_bars(
    tiers: Iterable[tuple[str, Figures]], total: Figures, whole_name: str, *, one_month: bool = False
) -> list[ShareBar]:
    """A bar per tier, and one of all together where there are several tiers."""
    bars = [share_bar(formatting.tier_name(tier), figures, one_month=one_month) for tier, figures in tiers]
    return [*bars, share_bar(whole_name, total, one_month=one_month)] if len(bars) != 1 else bars


def _percents(row: tuple) -> list[str]:
    name, now, before, goal = row
    return [text for text in (now.percent, before.percent if before else None, goal) if text is not None]


def _hundredths(percent: str) -> int:
    whole, _, rest = percent.partition(".")
    return int(whole) * 100 + int((rest + "00")[:2])


def _scale_start(percents: list[str]) -> int:
    lowest = min(map(_hundredths, percents), default=0)
    return next((start for start in (95, 90, 80, 50) if lowest >= start * 100 + 25), 0)


def _place(percent: str | None, start: int) -> str | None:
    if percent is None:
        return None
    along = min(max(_hundredths(percent) - start * 100, 0), (100 - start) * 100)
    return _svg_length(along, (100 - start) * 100)


def _dot(name: str, now: Share, before: Share | None, goal: str | None, start: int) -> RateDot:
    verdict, reached = _verdict(now, goal)
    earlier = before.percent if before else None
    description = [f"{name}: {formatting.format_percent(now.percent)}"]
    description += [f"chỉ tiêu {formatting.format_percent(goal)}"] if goal else []
    description += [f"cùng kỳ {formatting.format_percent(earlier)}"] if earlier else []
    return RateDot(
        name,
        formatting.format_percent(now.percent),
        f"{formatting.format_count(now.numerator)}/{formatting.format_count(now.denominator)}",
        now.partial,
        _place(now.percent, start),
        _place(earlier, start),
        _place(goal, start),
        verdict,
        reached,
        ", ".join(description),
        formatting.format_percent(earlier),
        formatting.format_percent(goal),
    )


def _verdict(now: Share, goal: str | None) -> tuple[str, bool | None]:
    """Against the target, by the printed figures: words, and whether it is reached (None: unknown)."""
    reached = sentences.reached(now.percent, goal)
    if reached is None:
        return "", None
    gap = point_difference(goal, now.percent) or "0"
    return ("Đạt chỉ tiêu" if reached else f"Thiếu {formatting.format_decimal(gap)} điểm"), reached


def _svg_length(part: int, whole: int) -> str:
    """part ÷ whole as SVG length, two decimals, cut and not rounded up so that segments never overlap the edge."""
    hundredths = part * 10_000 // whole
    return f"{hundredths // 100}.{hundredths % 100:02d}%"
