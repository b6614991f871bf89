"""A QR code as an outline for SVG. The only module that imports segno."""

from dataclasses import dataclass

import segno

QUIET = 4  # width in modules of the white border that readers need (ISO/IEC 18004)


@dataclass(frozen=True)
class QrCode:
    """`size` in modules with the white border; `path`: SVG path of the dark modules."""

    size: int
    path: str


def draw_qr_code(text: str) -> QrCode:
    """The QR code of an address, with error correction M (15% may be damaged)."""
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
