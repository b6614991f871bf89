"""The program that reads one table, without Django, and ends: the file on standard input, JSON by lines on standard
output.

Started by units.child with `lines|sheets LIMITS…`, the limits as units.cells has them. A row is
[number, cells], a flawed cell a list of its parts, null ends a sheet; before the rows stands whether the cells have
letters, or the name of the sheet. An object is the fault for which the reading ends. Whatever else goes wrong is a
status other than 0.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

# A program started with -I knows only the standard library.
sys.path.append(str(Path(__file__).parents[2]))

from units.bounds import begin
from units.cells import Limits, Lines, Unreadable
from units.tabular import open_lines
from units.xlsxfile import Book

AT_ONCE = 256


def lines(source: BinaryIO, limits: Limits) -> Iterator[Any]:
    """The first visible sheet, or the lines of a CSV."""
    found, letters = open_lines(source, limits)
    yield letters
    yield from _rows(found)


def sheets(source: BinaryIO, limits: Limits) -> Iterator[Any]:
    """Every sheet of a workbook."""
    book = Book(source, limits)
    for sheet in book.sheets:
        yield sheet.name
        yield from _rows(book.lines(sheet))


def _rows(found: Lines) -> Iterator[Any]:
    for number, cells in found:
        # Millions of empty rows say nothing to anybody.
        if any(cells):
            yield number, cells
    yield None


def write(told: Iterator[Any], answer: BinaryIO) -> None:
    """What is told, a line each, until it ends or a fault ends it."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    ready: list[str] = []
    try:
        for one in told:
            ready.append(encode(one))
            if len(ready) >= AT_ONCE:
                answer.write(("\n".join(ready) + "\n").encode())
                ready.clear()
    except Unreadable as refused:
        ready.append(encode(asdict(refused.fault)))
    ready.append("")
    answer.write("\n".join(ready).encode())
    answer.flush()


if __name__ == "__main__":
    what, *rest = begin()
    reading = {"lines": lines, "sheets": sheets}[what]
    with open(0, "rb", closefd=False) as source_, open(1, "wb", closefd=False) as answer_:
        write(reading(source_, Limits(*map(int, rest))), answer_)
