"""Charts of the printed review as numbers for a template: drawn by the server, readable in grey."""

from dataclasses import dataclass, field

from figures.summary import Figures
from figures.writing import count, percent_vi

from .svg import parts

BAR_WIDTH = 1600  # of the drawing, in tenths of a millimetre
WIDE_ENOUGH = 400  # room for "Trực tuyến 51,7%"
ROOM_FOR_SHARE = 140  # room for "12,6%"
THINNEST = 14


@dataclass(frozen=True)
class Segment:
    """One part of a share bar, in tenths of a millimetre; `label` is empty where there is no room for words."""

    key: str
    x: int
    width: int
    middle: int
    label: str


@dataclass(frozen=True)
class Bar:
    """A share bar: `name` and `told` stand beside it in words, `alt` instead of it for who cannot see it."""

    name: str
    told: str
    alt: str
    segments: list[Segment] = field(default_factory=list)


def bar(name: str, figures: Figures, online: str) -> Bar:
    """Received dossiers by channel as a bar: geometry from the counts, words from the printed shares."""
    names = {"direct": "Trực tiếp", "online": "Trực tuyến", "postal": "Bưu chính"}
    told = {"direct": "trực tiếp", "online": f"trực tuyến {online}", "postal": "bưu chính công ích"}
    segments, words, seen, at = [], [], [], 0
    for key, share, part, received in parts(figures):
        printed = percent_vi(share.percent)
        words.append(f"{told[key]}: {count(part)} ({printed})")
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
            segments.append(Segment(key, x, width, x + width // 2, label))
            at = end
    whole = f"{name}, {count(figures.counts['received'])} hồ sơ"
    alt = f"Biểu đồ thanh về hình thức tiếp nhận hồ sơ của {name[:1].lower()}{name[1:]}: {', '.join(seen)}"
    return Bar(whole, "; ".join(words), alt, segments)
