"""The monthly line of a printed review: the share received online, this period and last year."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from figures.formatting import format_percent, tier_name
from figures.periods import Month

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
    return [one for one in months if one["denominator"]]


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
