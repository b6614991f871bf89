"""Limits, cells and faults, shared by the readers of CSV and XLSX."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class FileFault:
    """A fault and its place: `column`: the name in the header; `cell`: the address in an XLSX ("C5")."""

    row: int
    column: str
    code: str
    message: str
    cell: str = ""

    def as_dict(self, filename: str) -> dict[str, int | str]:
        """The shape of `--format json` (interfaces.md); `cell` only for XLSX."""
        place = {"file": filename, "row": self.row, "column": self.column}
        return (
            place | {"code": self.code, "message": self.message} | ({"cell": self.cell} if self.cell else {})
        )

    def __str__(self) -> str:
        place = f"Dòng {self.row}" + (f", cột {self.column}" if self.column else "")
        return f"{place}{f' (ô {self.cell})' if self.cell else ''}: {self.message}"


class FileFaults(list[FileFault]):
    """Faults of a file: stores the first MOST and counts the others, to limit memory."""

    MOST = 10_000

    def __init__(self, faults: Iterable[FileFault] = ()) -> None:
        super().__init__()
        self.unlisted = 0
        self.extend(faults)

    @property
    def full(self) -> bool:
        return self.unlisted > 0

    @property
    def total(self) -> int:
        return len(self) + self.unlisted

    def append(self, fault: FileFault) -> None:
        if len(self) < self.MOST:
            super().append(fault)
        else:
            self.unlisted += 1

    def extend(self, faults: Iterable[FileFault]) -> None:
        for fault in faults:
            self.append(fault)

    def __iadd__(self, faults: Iterable[FileFault]) -> "FileFaults":
        self.extend(faults)
        return self

    def listed(self) -> list[FileFault]:
        """The faults in the order of the file; the last one says how many are not listed, if any."""
        faults = sorted(self, key=lambda fault: fault.row)
        if self.unlisted:
            message = f"Còn ít nhất {self.unlisted} lỗi nữa; chỉ liệt kê {self.MOST} lỗi đầu."
            faults.append(FileFault(1, "", "more_faults", message))
        return faults


MB = 1024 * 1024


@dataclass(frozen=True)
class ReadLimits:
    """Sizes in bytes; `declared`: the unpacked size of an XLSX according to its directory; rows include the header."""

    file: int
    parts: int
    declared: int
    rows: int
    columns: int
    csv_rows: int


WEB_LIMITS = ReadLimits(file=5 * MB, parts=200, declared=20 * MB, rows=5_000, columns=60, csv_rows=5_000)
BULK_LIMITS = ReadLimits(
    file=1024 * MB, parts=200, declared=100 * MB, rows=50_000, columns=200, csv_rows=1_000_001
)


class UnreadableFile(Exception):
    """The file cannot be read, or not to its end; `fault` says why."""

    def __init__(self, code: str, message: str, row: int = 1):
        super().__init__(message)
        self.fault = FileFault(row, "", code, message)


class FlawedCell(NamedTuple):
    """A cell that is only valid in some columns or not at all. `text`: its value for columns that allow it (a day, also
    with its time; a fraction). `shown`: an invalid value (#N/A, TRUE), or the range of merged cells.
    """

    code: str
    message: str
    text: str | None = None
    shown: str = ""


# Both readers yield row numbers and cells.
Cell = str | FlawedCell | None
Lines = Iterator[tuple[int, list[Cell]]]


def column_letters(index: int) -> str:
    """Column letters of a sheet: 0 → A, 25 → Z, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
