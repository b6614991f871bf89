"""The difference between two reviews as CSV: figures, words and reasons, a line each."""

from collections.abc import Iterator

from django.utils.timezone import localtime

from figures.difference import Piece
from figures.writing import day
from reports.queries.difference import Difference
from units.tablefile import csv_lines, harmless

TITLES = ("Loại", "Nơi", "Nội dung", "Bản trước", "Bản sau", "Chênh lệch", "Ai", "Khi nào", "Lý do")


def csv_bytes(told: Difference, old: str, new: str) -> bytes:
    """UTF-8 with a byte order mark; the first line says which two reviews."""
    head = [*TITLES[:3], f"{TITLES[3]}: {old}", f"{TITLES[4]}: {new}", *TITLES[5:]]
    lines = [[harmless(text) for text in line] for line in _lines(told)]
    return "".join(csv_lines([head, *lines])).encode()


def _lines(told: Difference) -> Iterator[list[str]]:
    for group in told.groups:
        for one in group.figures:
            yield ["Số liệu", group.name, one.name, one.old, one.new, one.by, "", "", ""]
    for part in told.parts:
        for pieces in part.paragraphs:
            yield ["Lời văn", part.heading, "", _side(pieces, "gone"), _side(pieces, "new"), "", "", "", ""]
    for one in told.reasons:
        at = localtime(one.at)
        when = f"{at:%H:%M} {day(at.date())}"
        what = "; ".join((one.act, *one.cells))
        yield ["Nhật ký", f"{one.unit}, {one.month}", what, "", "", "", one.who, when, one.why]


def _side(pieces: list[Piece], kind: str) -> str:
    return (
        " ".join(one.text for one in pieces if one.kind in ("same", kind))
        if any(one.kind == kind for one in pieces)
        else ""
    )
