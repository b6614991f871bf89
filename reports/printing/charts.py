"""Computes bars and the monthly line chart of the printed review for its templates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from django.utils.text import capfirst

from figures.formatting import format_count, format_percent, tier_name
from figures.periods import Month
from figures.summary import Figures, SummaryRow
from reports.charts import parts

BAR_WIDTH = 1600  # of the drawing, in tenths of a millimetre
WIDE_ENOUGH = 400  # room for "Trực tuyến 51,7%"
ROOM_FOR_SHARE = 140  # room for "12,6%"
THINNEST = 14


@dataclass(frozen=True)
class PrintedSegment:
    """One part of a share bar, in tenths of a millimetre; `label` is empty where there is no room for words."""

    key: str
    x: int
    width: int
    middle: int
    label: str


@dataclass(frozen=True)
class ChannelBar:
    """A share bar: `name` and `text` are printed beside it, `alt` is its text alternative."""

    name: str
    text: str
    alt: str
    segments: list[PrintedSegment] = field(default_factory=list)


def channel_bar(name: str, figures: Figures, online: str) -> ChannelBar:
    """Received dossiers by channel as a bar: widths from the counts, text from the printed shares."""
    names = {"direct": "Trực tiếp", "online": "Trực tuyến", "postal": "Bưu chính"}
    channels = {"direct": "trực tiếp", "online": f"trực tuyến {online}", "postal": "bưu chính công ích"}
    segments, words, shares, at = [], [], [], 0
    for key, share, part, received in parts(figures):
        printed = format_percent(share.percent)
        words.append(f"{channels[key]}: {format_count(part)} ({printed})")
        shares.append(f"{channels[key]} chiếm {printed}")
        if part:
            end = at + part * BAR_WIDTH // received
            width = max(end - at, THINNEST)
            x = min(at, BAR_WIDTH - width)
            label = (
                f"{names[key]} {printed}"
                if width >= WIDE_ENOUGH
                else printed
                if width >= ROOM_FOR_SHARE
                else ""
            )
            segments.append(PrintedSegment(key, x, width, x + width // 2, label))
            at = end
    whole = f"{name}, {format_count(figures.counts['received'])} hồ sơ"
    alt = f"Biểu đồ thanh về hình thức tiếp nhận hồ sơ của {name[:1].lower()}{name[1:]}: {', '.join(shares)}"
    return ChannelBar(whole, "; ".join(words), alt, segments)


# Coordinates are whole tenths of a millimetre, as text. Units with incomplete reports or estimates are hatched,
# marked and listed last: they are not ranked.

BARS_WIDTH = 1630
NAMES, VALUES = 640, 130  # room for names and values beside the bars
ROW, BAR = 40, 28
FEWEST, MOST, ENDS = 3, 24, 10  # units drawn; if there are more than MOST, the ENDS largest and smallest


@dataclass(frozen=True)
class UnitBar:
    """One unit; in a line without width, `name` says what is left out."""

    name: str
    y: str
    text_y: str
    width: str
    value: str
    whole: bool


@dataclass(frozen=True)
class UnitBars:
    """The bars of one tier, with the tier's own share as a line."""

    name: str
    alt: str
    bars: tuple[UnitBar, ...]
    left: str
    mean_x: str
    mean: str
    width: int
    height: int


def unit_bars(tier: str, whole: Figures, rows: Sequence[SummaryRow]) -> UnitBars | None:
    """The bars of a tier; None for fewer than FEWEST units with figures."""
    shown = [row for row in rows if _share(row) is not None]
    if len(shown) < FEWEST:
        return None
    shown.sort(key=lambda row: (_mark(row) != "", -_ratio(row.figures), row.name))
    top = max(max(_ratio(row.figures) for row in shown), _ratio(whole), Fraction(1, 100))
    plot = BARS_WIDTH - NAMES - VALUES
    drawn: list[SummaryRow | int] = [*shown]
    if len(shown) > MOST:
        drawn = [*shown[:ENDS], len(shown) - 2 * ENDS, *shown[-ENDS:]]
    bars = tuple(_bar(item, place, Fraction(plot) / top) for place, item in enumerate(drawn))
    share = whole.shares["online"]
    name = tier_name(tier)
    alt = (
        f"Biểu đồ cột ngang về tỷ lệ hồ sơ tiếp nhận trực tuyến của các đơn vị {name.lower()}"
        f"{_ends([row.name for row in shown if not _mark(row)])}; số của từng đơn vị ghi ở phụ lục"
    )
    mean = NAMES + int(_ratio(whole) * plot / top)
    height = ROW * len(bars) + ROW
    return UnitBars(
        name, alt, bars, str(NAMES), str(mean), f"{name}: {format_percent(share.percent)}", BARS_WIDTH, height
    )


def _share(row: SummaryRow) -> int | None:
    share = row.figures.shares["online"]
    return share.numerator if share.denominator else None


def _ratio(figures: Figures) -> Fraction:
    share = figures.shares["online"]
    return Fraction(share.numerator or 0, share.denominator) if share.denominator else Fraction(0)


def _ends(ranked: Sequence[str]) -> str:
    return f": cao nhất là {ranked[0]}, thấp nhất là {ranked[-1]}" if len(ranked) > 1 else ""


def _mark(row: SummaryRow) -> str:
    """Why a unit is not ranked; "" for one that is."""
    if not row.figures.completeness.complete or row.figures.shares["online"].partial:
        return " (chưa đủ)"
    return " (ước tính)" if row.figures.estimated else ""


def _bar(item: SummaryRow | int, place: int, scale: Fraction) -> UnitBar:
    y, text_y = place * ROW + (ROW - BAR) // 2, place * ROW + ROW // 2 + 11
    if isinstance(item, int):
        return UnitBar(f"… {item} đơn vị khác …", str(y), str(text_y), "", "", True)
    width = int(_ratio(item.figures) * scale)
    value = format_percent(item.figures.shares["online"].percent)
    mark = _mark(item)
    name = capfirst(item.name) + mark
    if len(name) > 44:
        name = f"{name[:43].rstrip()}…"
    return UnitBar(name, str(y), str(text_y), str(width), value, not mark)


# Coordinates are whole tenths of a millimetre, as text. Lines differ by dash and mark, so that they can be
# distinguished in greyscale.

WIDTH, HEIGHT, GAP = 1630, 440, 60
SIDE, TOP, BOTTOM = 50, 110, 90  # room around the plot: half a value, names and values, values and months
FEW = 7  # months in a panel with all values printed; with more, every second value


@dataclass(frozen=True)
class TrendLine:
    """One line: `parts` are its unbroken runs, `dots` its months with their values ("" without room)."""

    kind: str
    parts: tuple[str, ...]
    dots: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class TrendPanel:
    """The lines of one tier above a base line of 0%."""

    name: str
    x: str
    left: str
    right: str
    base: str
    lines: tuple[TrendLine, ...]
    months: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TrendChart:
    """The chart and its text alternative; sizes in tenths of a millimetre."""

    panels: tuple[TrendPanel, ...]
    alt: str
    width: int = WIDTH
    height: int = HEIGHT


def trend_chart(by_month: Sequence[dict[str, Any]]) -> TrendChart | None:
    """The chart of a document's `by_month`; None if no tier has two months with figures."""
    drawn = [tier for tier in by_month if len(_with_figures(tier["now"])) > 1][:3]
    if not drawn:
        return None
    wide = (WIDTH - GAP * (len(drawn) - 1)) // len(drawn)
    panels = tuple(_panel(tier, place * (wide + GAP), wide) for place, tier in enumerate(drawn))
    texts = "; ".join(_trend_text(tier) for tier in drawn)
    return TrendChart(panels, f"Biểu đồ đường về tỷ lệ hồ sơ tiếp nhận trực tuyến theo tháng: {texts}")


def _with_figures(months: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [month for month in months if month["denominator"]]


def _trend_text(tier: dict[str, Any]) -> str:
    first, *_, last = _with_figures(tier["now"])
    start, end = format_percent(first["percent"]), format_percent(last["percent"])
    text = f"{tier_name(tier['tier']).lower()} từ {start} đến {end}"
    before = _with_figures(tier["before"])
    return f"{text}, cùng kỳ kết thúc ở {format_percent(before[-1]['percent'])}" if before else text


def _panel(tier: dict[str, Any], x: int, wide: int) -> TrendPanel:
    left, right = SIDE, wide - SIDE
    months = tier["now"]
    top = _top([*months, *tier["before"]])
    at = [left + (right - left) * place // max(len(months) - 1, 1) for place in range(len(months))]
    every = 1 if len(months) <= FEW else 2
    lines = [_line("now", months, at, top, every)]
    if _with_figures(tier["before"]):
        lines.append(_line("before", tier["before"], at, top, every))
    names = [
        (str(place), f"T{Month.parse(month['month']).month}") for place, month in zip(at, months, strict=True)
    ]
    base = str(HEIGHT - BOTTOM)
    name = tier_name(tier["tier"])
    return TrendPanel(name, str(x), str(left), str(right), base, tuple(lines), tuple(names[::every]))


def _top(months: Sequence[dict[str, Any]]) -> int:
    """The top of the plot in percent: the next multiple of 10 above every month, at most 100."""
    largest = max(
        (month["numerator"] * 100 // month["denominator"] for month in _with_figures(months)), default=0
    )
    return min(100, (largest // 10 + 1) * 10)


def _height(part: int, whole: int, top: int) -> int:
    """The y coordinate of part ÷ whole (in percent)."""
    plot = HEIGHT - TOP - BOTTOM
    return HEIGHT - BOTTOM - plot * part // (whole * top)


def _line(kind: str, months: Sequence[dict[str, Any]], at: Sequence[int], top: int, every: int) -> TrendLine:
    dots, parts, run = [], [], []
    for number, (place, month) in enumerate(zip(at, months, strict=False)):
        if month["denominator"]:
            dot = (str(place), str(_height(month["numerator"] * 100, month["denominator"], top)))
            dots.append((*dot, "" if number % every else format_percent(month["percent"])))
            run.append(",".join(dot))
        else:
            parts, run = [*parts, run], []
    return TrendLine(
        kind, tuple(" ".join(points) for points in [*parts, run] if len(points) > 1), tuple(dots)
    )
