"""The bars of a printed review: the share received online of each unit of a tier, the largest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.text import capfirst

from figures.summary import Figures, Row
from figures.writing import percent_vi, tier_name

# Coordinates are whole tenths of a millimetre, as text. A unit whose reports are incomplete, or whose figures
# are an estimate, is hatched and says so; it is never ranked as if it were whole, and stands last.

WIDTH = 1630
NAMES, VALUES = 640, 130  # room for names and values beside the bars
ROW, BAR = 40, 28
FEWEST, MOST, ENDS = 3, 24, 10  # units that are drawn; of more than MOST the ENDS largest and smallest


@dataclass(frozen=True)
class Bar:
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
    bars: tuple[Bar, ...]
    left: str
    mean_x: str
    mean: str
    width: int
    height: int


def unit_bars(tier: str, whole: Figures, rows: Sequence[Row]) -> UnitBars | None:
    """The drawing of a tier; None for fewer than three units with figures."""
    known = [row for row in rows if _share(row) is not None]
    if len(known) < FEWEST:
        return None
    known.sort(key=lambda row: (_mark(row) != "", -_ratio(row.figures), row.name))
    top = max(max(_ratio(row.figures) for row in known), _ratio(whole), Fraction(1, 100))
    plot = WIDTH - NAMES - VALUES
    drawn: list[Row | int] = [*known]
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
        name, alt, bars, str(NAMES), str(mean), f"{name}: {percent_vi(share.percent)}", WIDTH, height
    )


def _share(row: Row) -> int | None:
    share = row.figures.shares["online"]
    return share.numerator if share.denominator else None


def _ratio(figures: Figures) -> Fraction:
    share = figures.shares["online"]
    return Fraction(share.numerator or 0, share.denominator) if share.denominator else Fraction(0)


def _ends(ranked: Sequence[str]) -> str:
    return f": cao nhất là {ranked[0]}, thấp nhất là {ranked[-1]}" if len(ranked) > 1 else ""


def _mark(row: Row) -> str:
    """Why a unit is not ranked; "" for one that is."""
    if not row.figures.completeness.complete or row.figures.shares["online"].partial:
        return " (chưa đủ)"
    return " (ước tính)" if row.figures.estimated else ""


def _bar(one: Row | int, place: int, scale: Fraction) -> Bar:
    y, text_y = place * ROW + (ROW - BAR) // 2, place * ROW + ROW // 2 + 11
    if isinstance(one, int):
        return Bar(f"… {one} đơn vị khác …", str(y), str(text_y), "", "", True)
    width = int(_ratio(one.figures) * scale)
    value = percent_vi(one.figures.shares["online"].percent)
    mark = _mark(one)
    name = capfirst(one.name) + mark
    if len(name) > 44:
        name = f"{name[:43].rstrip()}…"
    return Bar(name, str(y), str(text_y), str(width), value, not mark)
