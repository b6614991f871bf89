"""What the program writes of one table: JSON by lines.

A row is [number, cells], a flawed cell a list of its parts, null ends a sheet; before the rows stands whether the cells
have letters, or the name of the sheet. An object is the fault for which the reading ends.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

from core.process_limits import begin
from spreadsheets.cells import Lines, ReadLimits, UnreadableFile
from spreadsheets.table_reader import open_lines
from spreadsheets.xlsx_reader import XlsxBook

AT_ONCE = 256


def first_sheet_rows(source: BinaryIO, limits: ReadLimits) -> Iterator[Any]:
    """The first visible sheet, or the lines of a CSV."""
    found, letters = open_lines(source, limits)
    yield letters
    yield from _rows(found)


def all_sheet_rows(source: BinaryIO, limits: ReadLimits) -> Iterator[Any]:
    """Every sheet of a workbook."""
    book = XlsxBook(source, limits)
    for sheet in book.sheets:
        yield sheet.name
        yield from _rows(book.lines(sheet))


def _rows(found: Lines) -> Iterator[Any]:
    for number, cells in found:
        # Millions of empty rows say nothing to anybody.
        if any(cells):
            yield number, cells
    yield None


def write_rows(told: Iterator[Any], answer: BinaryIO) -> None:
    """What is told, a line each, until it ends or a fault ends it."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    ready: list[str] = []
    try:
        for one in told:
            ready.append(encode(one))
            if len(ready) >= AT_ONCE:
                answer.write(("\n".join(ready) + "\n").encode())
                ready.clear()
    except UnreadableFile as refused:
        ready.append(encode(asdict(refused.fault)))
    ready.append("")
    answer.write("\n".join(ready).encode())
    answer.flush()


def main() -> None:
    """Read standard input as the arguments say, and write to standard output."""
    what, *rest = begin()
    reading = {"lines": first_sheet_rows, "sheets": all_sheet_rows}[what]
    with open(0, "rb", closefd=False) as source, open(1, "wb", closefd=False) as answer:
        write_rows(reading(source, ReadLimits(*map(int, rest))), answer)
