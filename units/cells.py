"""What the readers of CSV and XLSX take and hand over: limits, cells, and why a file cannot be read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .faults import Fault

MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes; `declared` is what the parts of an XLSX claim to be unpacked; rows count the header."""

    file: int
    parts: int
    declared: int
    rows: int
    columns: int
    csv_rows: int


WEB = Limits(file=5 * MB, parts=200, declared=20 * MB, rows=5_000, columns=60, csv_rows=5_000)
BULK = Limits(file=1024 * MB, parts=200, declared=100 * MB, rows=50_000, columns=200, csv_rows=1_000_001)


class Unreadable(Exception):
    """The file cannot be read (further); carries the fault."""

    def __init__(self, code: str, message: str, row: int = 1):
        super().__init__(message)
        self.fault = Fault(row, "", code, message)


class Flawed(NamedTuple):
    """A cell that cannot be taken as it is; `text` is what it means where its column allows it (a day, also with its
    time; a fraction), `shown` what stands there where that means nothing (#N/A, TRUE), or the range of merged cells.
    """

    code: str
    message: str
    text: str | None = None
    shown: str = ""


# What the reader of one format hands over: row number and cells in their order.
Cell = str | Flawed | None
Lines = Iterator[tuple[int, list[Cell]]]


def letter_of(index: int) -> str:
    """Column letters of a sheet: 0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
