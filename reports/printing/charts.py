"""Bars and the monthly line of the printed review, as numbers for its templates."""

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
    """A share bar: `name` and `told` stand beside it in words, `alt` instead of it for who cannot see it."""

    name: str
    told: str
    alt: str
    segments: list[PrintedSegment] = field(default_factory=list)


def channel_bar(name: str, figures: Figures, online: str) -> ChannelBar:
    """Received dossiers by channel as a bar: geometry from the counts, words from the printed shares."""
    names = {"direct": "Trực tiếp", "online": "Trực tuyến", "postal": "Bưu chính"}
    told = {"direct": "trực tiếp", "online": f"trực tuyến {online}", "postal": "bưu chính công ích"}
    segments, words, seen, at = [], [], [], 0
    for key, share, part, received in parts(figures):
        printed = format_percent(share.percent)
        words.append(f"{told[key]}: {format_count(part)} ({printed})")
        seen.append(f"{told[key]} chiếm {printed}")
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
    alt = f"Biểu đồ thanh về hình thức tiếp nhận hồ sơ của {name[:1].lower()}{name[1:]}: {', '.join(seen)}"
    return ChannelBar(whole, "; ".join(words), alt, segments)


# Coordinates are whole tenths of a millimetre, as text. A unit whose reports are incomplete, or whose figures
# are an estimate, is hatched and says so; it is never ranked as if it were whole, and stands last.

BARS_WIDTH = 1630
NAMES, VALUES = 640, 130  # room for names and values beside the bars
ROW, BAR = 40, 28
FEWEST, MOST, ENDS = 3, 24, 10  # units that are drawn; of more than MOST the ENDS largest and smallest


@dataclass(frozen=True)
class UnitBar:
    """One unit; a line without width says in `name` what is left out."""

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
    """The drawing of a tier; None for fewer than three units with figures."""
    known = [row for row in rows if _share(row) is not None]
    if len(known) < FEWEST:
        return None
    known.sort(key=lambda row: (_mark(row) != "", -_ratio(row.figures), row.name))
    top = max(max(_ratio(row.figures) for row in known), _ratio(whole), Fraction(1, 100))
    plot = BARS_WIDTH - NAMES - VALUES
    drawn: list[SummaryRow | int] = [*known]
    if len(known) > MOST:
        drawn = [*known[:ENDS], len(known) - 2 * ENDS, *known[-ENDS:]]
    bars = tuple(_bar(one, place, Fraction(plot) / top) for place, one in enumerate(drawn))
    share = whole.shares["online"]
    name = tier_name(tier)
    alt = (
        f"Biểu đồ cột ngang về tỷ lệ hồ sơ tiếp nhận trực tuyến của các đơn vị {name.lower()}"
        f"{_ends([row.name for row in known if not _mark(row)])}; số của từng đơn vị ghi ở phụ lục"
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


def _bar(one: SummaryRow | int, place: int, scale: Fraction) -> UnitBar:
    y, text_y = place * ROW + (ROW - BAR) // 2, place * ROW + ROW // 2 + 11
    if isinstance(one, int):
        return UnitBar(f"… {one} đơn vị khác …", str(y), str(text_y), "", "", True)
    width = int(_ratio(one.figures) * scale)
    value = format_percent(one.figures.shares["online"].percent)
    mark = _mark(one)
    name = capfirst(one.name) + mark
    if len(name) > 44:
        name = f"{name[:43].rstrip()}…"
    return UnitBar(name, str(y), str(text_y), str(width), value, not mark)


# Coordinates are whole tenths of a millimetre, as text. Lines differ by dash and mark, not by tone alone, so
# that they are told apart in grey.

WIDTH, HEIGHT, GAP = 1630, 440, 60
SIDE, TOP, BOTTOM = 50, 110, 90  # room around the plot: half a value, names and values, values and months
FEW = 7  # months in a panel whose values can all be written; of more every second one


@dataclass(frozen=True)
class TrendLine:
    """One line: `parts` are its unbroken runs, `dots` its months with their values ("" where there is no room)."""

    kind: str
    parts: tuple[str, ...]
    dots: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class TrendPanel:
    """The lines of one tier over a base that is 0%."""

    name: str
    x: str
    left: str
    right: str
    base: str
    lines: tuple[TrendLine, ...]
    months: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TrendChart:
    """The drawing and what it says in words; height in tenths of a millimetre."""

    panels: tuple[TrendPanel, ...]
    alt: str
    width: int = WIDTH
    height: int = HEIGHT


def trend_chart(by_month: Sequence[dict[str, Any]]) -> TrendChart | None:
    """The drawing of a document's `by_month`; None where no tier has two months with figures."""
    drawn = [one for one in by_month if len(_known(one["now"])) > 1][:3]
    if not drawn:
        return None
    wide = (WIDTH - GAP * (len(drawn) - 1)) // len(drawn)
    panels = tuple(_panel(one, place * (wide + GAP), wide) for place, one in enumerate(drawn))
    told = "; ".join(_told(one) for one in drawn)
    return TrendChart(panels, f"Biểu đồ đường về tỷ lệ hồ sơ tiếp nhận trực tuyến theo tháng: {told}")


def _known(months: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [month for month in months if month["denominator"]]


def _told(one: dict[str, Any]) -> str:
    first, *_, last = _known(one["now"])
    start, end = format_percent(first["percent"]), format_percent(last["percent"])
    told = f"{tier_name(one['tier']).lower()} từ {start} đến {end}"
    before = _known(one["before"])
    return f"{told}, cùng kỳ kết thúc ở {format_percent(before[-1]['percent'])}" if before else told


def _panel(one: dict[str, Any], x: int, wide: int) -> TrendPanel:
    left, right = SIDE, wide - SIDE
    months = one["now"]
    top = _top([*months, *one["before"]])
    at = [left + (right - left) * place // max(len(months) - 1, 1) for place in range(len(months))]
    every = 1 if len(months) <= FEW else 2
    lines = [_line("now", months, at, top, every)]
    if _known(one["before"]):
        lines.append(_line("before", one["before"], at, top, every))
    names = [
        (str(place), f"T{Month.parse(month['month']).month}") for place, month in zip(at, months, strict=True)
    ]
    base = str(HEIGHT - BOTTOM)
    name = tier_name(one["tier"])
    return TrendPanel(name, str(x), str(left), str(right), base, tuple(lines), tuple(names[::every]))


def _top(months: Sequence[dict[str, Any]]) -> int:
    """The top of the plot in percent: a multiple of 10 that holds every month, at most 100."""
    largest = max((one["numerator"] * 100 // one["denominator"] for one in _known(months)), default=0)
    return min(100, (largest // 10 + 1) * 10)


def _height(part: int, whole: int, top: int) -> int:
    """Where part ÷ whole (in percent) stands under the top of the scale."""
    plot = HEIGHT - TOP - BOTTOM
    return HEIGHT - BOTTOM - plot * part // (whole * top)


def _line(kind: str, months: Sequence[dict[str, Any]], at: Sequence[int], top: int, every: int) -> TrendLine:
    dots, parts, run = [], [], []
    for number, (place, one) in enumerate(zip(at, months, strict=False)):
        if one["denominator"]:
            dot = (str(place), str(_height(one["numerator"] * 100, one["denominator"], top)))
            dots.append((*dot, "" if number % every else format_percent(one["percent"])))
            run.append(",".join(dot))
        else:
            parts, run = [*parts, run], []
    return TrendLine(kind, tuple(" ".join(one) for one in [*parts, run] if len(one) > 1), tuple(dots))
