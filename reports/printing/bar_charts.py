"""Bars of the printed review as numbers for a template: channels of a tier, and units of a tier."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from django.utils.text import capfirst

from figures.formatting import format_count, format_percent, tier_name
from figures.summary import Figures, SummaryRow
from reports.charts.svg import parts

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

WIDTH = 1630
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
    plot = WIDTH - NAMES - VALUES
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
        name, alt, bars, str(NAMES), str(mean), f"{name}: {format_percent(share.percent)}", WIDTH, height
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
