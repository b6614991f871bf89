"""What the program writes of one table: JSON by lines.

A row is [number, cells], a flawed cell a list of its parts, null ends a sheet; before the rows stands whether the cells
have letters, or the name of the sheet. An object is the fault for which the reading ends.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

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


def main() -> None:
    """Read standard input as the arguments say, and write to standard output."""
    what, *rest = begin()
    reading = {"lines": lines, "sheets": sheets}[what]
    with open(0, "rb", closefd=False) as source, open(1, "wb", closefd=False) as answer:
        write(reading(source, Limits(*map(int, rest))), answer)
