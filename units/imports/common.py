"""What the readers of units and successions share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from units.dates import parse_day
from units.faults import Fault, Faults
from units.tabular import Row
from units.tree import Wrong


@dataclass
class Result:
    """What an import did: rows written and unchanged, or the faults for which nothing was written."""

    written: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)
    total: int = 0  # of faults, also those that are not listed

    @classmethod
    def refused(cls, faults: Faults) -> "Result":
        """Nothing written; the faults in the order of the file."""
        return cls(faults=faults.told(), total=faults.total)


class Cells:
    """One row as it is taken apart: each column is blamed once, and what is wrong with it goes to `faults`."""

    def __init__(self, row: Row, faults: Faults, absent: Iterable[str] = ()) -> None:
        """absent: columns that the file lacks; the header has been blamed for them."""
        self.row, self.faults = row, faults
        self.faults += row.faults
        self.flawed = {fault.column for fault in row.faults} | set(absent)

    def __getitem__(self, column: str) -> str | None:
        return self.row.cells.get(column)

    def blame(self, column: str, code: str, message: str) -> None:
        """One more fault, unless the column has one already."""
        if column not in self.flawed:
            self.flawed.add(column)
            self.faults.append(self.row.fault(column, code, message))

    def need(self, columns: Iterable[str]) -> None:
        """Blame the blank ones."""
        for column in columns:
            if not self[column]:
                self.blame(column, "missing", f"Ô {column} để trống.")

    def day(self, column: str) -> date | None:
        """The cell's day; None for a blank, and for what is none (blamed)."""
        text = self[column]
        if not text:
            return None
        try:
            return parse_day(text)
        except ValueError as error:
            self.blame(column, "bad_date", str(error))
            return None


def placed(wrongs: Sequence[Wrong], rows: Sequence[Row], names: dict[str, str] | None = None) -> list[Fault]:
    """Faults of drafts as faults of the rows that they came from."""
    return [
        rows[wrong.index].fault((names or {}).get(wrong.field, wrong.field), wrong.code, wrong.message)
        for wrong in wrongs
    ]
