"""Charts for Chart.js 4 through the JSON views of django-chartjs: the only module that imports it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chartjs.views.lines import BaseLineChartView
from django.utils.safestring import SafeString

from core import markup
from figures import formatting
from figures.rates import Share

# The library's view turns Decimals into text and leaks itself into the JSON; both are mended here, once. A
# month that nobody reported stays null: a gap in the line, never 0.


@dataclass(frozen=True)
class ChartPoint:
    """One printed percentage with its counts; hollow where reports or parts of the whole are lacking."""

    percent: str | None
    numerator: int | None = None
    denominator: int | None = None
    hollow: bool = False
    completeness: str = ""

    @classmethod
    def of(cls, share: Share, *, complete: bool, completeness: str) -> "ChartPoint":
        """From a share and the completeness of what it was taken from."""
        hollow = share.percent is not None and (share.partial or not complete)
        return cls(share.percent, share.numerator, share.denominator, hollow, completeness)

    @property
    def printed(self) -> str:
        """12,6%, or 12,6% (chưa đủ) where the point is hollow."""
        text = formatting.format_percent(self.percent)
        return f"{text}{formatting.INCOMPLETE}" if self.hollow else text

    @property
    def told(self) -> str:
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
    """A chart and what it says: `told` is its finding in a sentence, the text for those who do not see it."""

    name: str
    kind: str
    told: str
    labels: tuple[str, ...]
    series: tuple[ChartSeries, ...]

    def rows(self, labels: Sequence[str] | None = None) -> SafeString:
        """The table beneath, drawn: each label (others where given) with share and counts of all series."""
        across = zip(*(series.points for series in self.series), strict=True)
        lines = zip(labels or self.labels, across, strict=True) if self.series else ()
        return markup.plain_rows(
            (label, *(text for point in points for text in (point.printed, point.told)))
            for label, points in lines
        )


class ChartJson(BaseLineChartView):
    """The JSON of one chart: `{"kind", "told", "labels", "datasets"}`; each of the datasets has
    `{"label", "data", "printed", "told", "hollow", "counts"}`.
    """

    drawn: Chart

    def chart(self) -> Chart:
        """The chart that was given; a view that knows it by its address makes it."""
        return self.drawn

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.drawn = self.chart()
        context = super().get_context_data(**kwargs)
        data = {name: context[name] for name in ("labels", "datasets")}
        return data | {"kind": self.drawn.kind, "told": self.drawn.told}

    def get_labels(self) -> list[str]:
        return list(self.drawn.labels)

    def get_providers(self) -> list[str]:
        return [series.name for series in self.drawn.series]

    def get_data(self) -> list[list[float | None]]:
        """Percentages as numbers: the one place where they become floats, on their way out."""
        return [[_number(point.percent) for point in series.points] for series in self.drawn.series]

    def get_dataset_options(self, index: int, color: tuple[int, ...]) -> dict[str, Any]:
        """What the page draws besides the line; colours and markers are the style sheet's and the page's."""
        points = self.drawn.series[index].points
        return {
            "hollow": [point.hollow for point in points],
            "told": [point.told for point in points],
            "printed": [formatting.format_percent(point.percent) for point in points],
            "counts": [[point.numerator, point.denominator] for point in points],
        }


def chart_data(chart: Chart) -> dict[str, Any]:
    """The same for a page that holds its charts, so that they are drawn without another request."""
    return ChartJson(drawn=chart).get_context_data()


def _number(percent: str | None) -> float | None:
    return None if percent is None else float(Decimal(percent))
