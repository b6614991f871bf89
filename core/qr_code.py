"""A QR code as an outline for SVG. The only module that imports segno."""

from dataclasses import dataclass

import segno

QUIET = 4  # modules of white around it, which readers need (ISO/IEC 18004)


@dataclass(frozen=True)
class QrCode:
    """`size` in modules, white border included; `path` fills the dark ones, one run of a row after the other."""

    size: int
    path: str


def draw_qr_code(text: str) -> QrCode:
    """The QR code of an address, with error correction M: 15% of it may be smudged."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False, boost_error=False).matrix]
    runs = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                runs.append(f"M{start + QUIET} {y + QUIET}h{x - start}v1h-{x - start}z")
            x += 1
    return QrCode(len(rows) + 2 * QUIET, "".join(runs))
